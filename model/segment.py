"""jieba's segmentation: by rjieba, which is about 20 times faster, or by jieba itself where rjieba has no wheel."""

import hashlib
import importlib.util
import weakref
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache, partial
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple

from model.errors import ArtefactFormatError, TaxonomyError
from model.layout import Layout

Backend = Literal["rjieba", "jieba"]


class UserWord(NamedTuple):
    """A word that jieba's own dictionary lacks, with the frequency that keeps it whole."""

    word: str
    frequency: int
    tag: str


class Segmenter:
    """Cuts texts into words exactly as ``jieba.lcut(text, HMM=False)`` does with the same user words.

    Parameters
    ----------
    user_words : sequence of UserWord
        Added in this order to the dictionary that jieba ships.
    backend : {"rjieba", "jieba"}, optional
        By default rjieba where it is installed.

    Notes
    -----
    The two agree but where two segmentations have exactly the same probability (at most 0.05% of texts).
    """

    def __init__(self, user_words: Sequence[UserWord], backend: Backend | None = None) -> None:
        self.user_words = tuple(user_words)
        self.backend: Backend = backend or ("rjieba" if importlib.util.find_spec("rjieba") else "jieba")
        self._cut: Any
        tokenizer = next(_fast_tokenizers()) if self.backend == "rjieba" else _tokenizer()
        if isinstance(tokenizer, ModuleType):  # would keep its dictionary for ever
            weakref.finalize(self, tokenizer.clear).atexit = False
        for word in self.user_words:
            tokenizer.add_word(word.word, word.frequency, word.tag)
        self._cut = tokenizer.cut if self.backend == "rjieba" else tokenizer.lcut
        self._cut_all = tokenizer.cut_all if self.backend == "rjieba" else partial(tokenizer.lcut, cut_all=True)

    def lay_out(self, lines: str) -> Layout:
        """Return the layout of feature texts, one a line, and of their words."""
        return Layout.of(lines, self.cut(lines))

    def cut(self, text: str) -> list[str]:
        """Return the words of `text`, blanks and marks among them: joined they are `text` again."""
        words: list[str] = self._cut(text, False) if self.backend == "rjieba" else self._cut(text, HMM=False)
        return words

    def find_words(self, chinese: str) -> list[str]:
        """Return every word of two characters or more that stands in `chinese`, overlapping ones too.

        Parameters
        ----------
        chinese : str
            Nothing but characters of U+4E00 to U+9FD5, which are all that jieba's dictionary is made of.
        """
        return [word for word in self._cut_all(chinese) if len(word) > 1]


@lru_cache(maxsize=1)
def shared_segmenter(user_words: tuple[UserWord, ...]) -> Segmenter:
    """Return a segmenter with these words, the last one again if it had the same.

    A model that takes another's place mostly has its words, and each dictionary takes 25 MB and 0.15 s.
    """
    return Segmenter(user_words)


def preload() -> None:
    """Import rjieba, where it is installed."""
    if _installed_version("rjieba"):
        _fast_tokenizers()


@cache
def _fast_tokenizers() -> Iterator[Any]:
    """Return an endless supply of rjieba tokenizers.

    To import rjieba reads its dictionary into the module, which is the first of them; each further one takes as long
    again, and as much memory.
    """
    import rjieba

    return chain((rjieba,), iter(rjieba.Jieba, None))


def _tokenizer() -> Any:
    """Return a fresh jieba tokenizer with jieba's own dictionary."""
    import jieba

    jieba.setLogLevel("WARNING")
    tokenizer = jieba.Tokenizer()
    # Not tokenizer.initialize(): it reads a marshalled cache from the shared temporary folder, which anybody
    # on the machine may have written.
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer


def build_user_words(words: Iterable[str]) -> tuple[UserWord, ...]:
    """Return `words` with the frequencies that jieba itself gives them when they are added in this order."""
    tokenizer = _tokenizer()
    user_words = []
    for word in words:
        tokenizer.add_word(word)
        user_words.append(UserWord(word, tokenizer.FREQ[word], "x"))
    return tuple(user_words)


def format_user_words(user_words: Iterable[UserWord]) -> str:
    """Return jieba's user dictionary format: word, frequency and tag, one word a line."""
    return "".join(f"{word.word} {word.frequency} {word.tag}\n" for word in user_words)


def parse_user_words(content: str) -> tuple[UserWord, ...]:
    """Return what `format_user_words` wrote.

    Raises
    ------
    ArtefactFormatError
        If a line is not of that form.
    """
    user_words = []
    for number, line in enumerate(content.splitlines(), 1):
        parts = line.split(" ")
        if len(parts) != 3 or not parts[0] or not parts[1].isascii() or not parts[1].isdigit():
            raise ArtefactFormatError(
                f"user dictionary, line {number}: expected 'word frequency tag'; train the model anew"
            )
        user_words.append(UserWord(parts[0], int(parts[1]), parts[2]))
    return tuple(user_words)


def read_word_list(path: Path) -> list[str]:
    """Return the words of a user dictionary under ``data/``: one a line.

    Raises
    ------
    TaxonomyError
        If a word is there twice or holds a blank; all such words are named at once.
    """
    words = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    problems = [f"'{word}' holds a blank" for word in words if len(word.split()) > 1]
    problems += [f"'{word}' is there twice" for word in sorted({w for w in words if words.count(w) > 1})]
    if problems:
        raise TaxonomyError(f"{path}: {'; '.join(problems)}; one word a line is expected")
    return words


def segmenter_identity() -> dict[str, str]:
    """Return what a model must find again to segment as it did in training.

    Returns
    -------
    dict
        jieba's version, the SHA-256 of the dictionary it ships, and the version of rjieba that was held to the
        same result (empty where it is not installed).
    """
    return {"name": "jieba", **_jieba_identity(), "rjieba": _installed_version("rjieba")}


def require_segmenter(trained_with: dict[str, str]) -> None:
    """Refuse a segmenter that a model was not trained for: rjieba where both have it, else jieba.

    Raises
    ------
    ArtefactFormatError
        If rjieba is there in another version, or jieba or its dictionary is another.
    """
    fast = _installed_version("rjieba")
    here = {"rjieba": fast} if fast and trained_with.get("rjieba") else _jieba_identity()
    for part, found in here.items():
        if trained_with.get(part) != found:
            raise ArtefactFormatError(
                f"the model was trained with segmenter {part} {trained_with.get(part)!r}, found {found!r}; "
                "install the locked requirements or train the model anew"
            )


def _jieba_identity() -> dict[str, str]:
    dictionary = (_package_folder("jieba") or Path()) / "dict.txt"
    return {
        "version": _installed_version("jieba"),
        "dictionary_sha256": hashlib.sha256(dictionary.read_bytes()).hexdigest(),
    }


def _installed_version(package: str) -> str:
    """Return the version of an installed package, empty if there is none.

    By the name of its ``.dist-info`` folder (PEP 427): `importlib.metadata` takes three times as long to import as a
    tip to route.
    """
    folder = _package_folder(package)
    found = sorted(folder.parent.glob(f"{package}-*.dist-info")) if folder else []
    return found[0].name.removesuffix(".dist-info").partition("-")[2] if found else ""


def _package_folder(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)  # finds it without importing it
    return Path(spec.origin).parent if spec and spec.origin else None
