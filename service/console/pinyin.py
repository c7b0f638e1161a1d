"""The first letters of Chinese names as they are read, by which a desk is found from the keyboard.

The first level of GB 2312 holds its 3,755 characters in the order of their readings: where a letter begins in it tells
that of any character. Characters read in two ways stand there once; those that occur in titles are listed.
"""

from bisect import bisect_right

_LETTERS = "abcdefghjklmnopqrstwxyz"
_FIRST = [c.encode("gb2312") for c in "啊芭擦搭蛾发噶哈击喀垃妈拿哦啪期然撒塌挖昔压匝"]
_END_OF_LEVEL = "座".encode("gb2312")
_READ_TWICE = {"调": "td", "重": "zc", "长": "cz", "行": "xh", "会": "hk", "参": "cs", "差": "cz", "传": "cz"}


def initials(name: str) -> list[str]:
    """Return the letters by which each character of `name` may begin, in order; characters without one are left out.

    >>> initials("调解A席")
    ['td', 'j', 'a', 'x']
    """
    return [letters for letters in map(_letters_of, name) if letters]


def _letters_of(character: str) -> str:
    if character in _READ_TWICE:
        return _READ_TWICE[character]
    if character.isascii():
        return character.lower() if character.isalnum() else ""
    code = character.encode("gb2312", "ignore")
    if not _FIRST[0] <= code <= _END_OF_LEVEL:
        return ""
    return _LETTERS[bisect_right(_FIRST, code) - 1]
