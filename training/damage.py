"""Damage that a wrong encoding leaves in a text: found, and undone where it is certain what stood there."""

import re
from dataclasses import dataclass
from typing import Literal

_UNREADABLE_SHARE = 0.2  # of a text's characters lost
_MIN_HAN = 2  # by chance less than that comes out when a text is decoded in a wrong way
_MOSTLY = 0.6

_HAN = re.compile("[\u4e00-\u9fff]")
# What a tip is written in: ASCII, Chinese characters and the marks that go with them.
_PLAIN_CHINESE = re.compile(
    "[\t\n\r\x20-\x7e\u00b7\u00d7\u2014\u2018\u2019\u201c\u201d\u2026\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]*"
)
# U+FFFD stands for bytes that no character has; two of them in UTF-8, read as GBK, are 锟斤拷.
_LOST = re.compile("\ufffd|锟斤拷")
_ALL_LOST = re.compile(r"[?\s]*\?{4}[?\s]*")
# What is not to be seen and stands in no text on purpose: control characters, lone surrogates, direction overrides.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

# Windows reads Latin text by code page 1252, others by ISO 8859-1, which has a character for every byte.
_TO_LATIN_1 = {
    ord(bytes([b]).decode("cp1252")): b for b in range(0x80, 0xA0) if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_FULL_WIDTH = {c: c - 0xFEE0 for c in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_BLANKS = re.compile(r"[^\S\n]+")
_AROUND_LINE_FEED = re.compile(r" ?\n[\n ]*")


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with the encoding of a text; an error makes it useless, a warning does not."""

    kind: Literal["mojibake", "lost_characters", "control_characters"]
    severity: Literal["error", "warning"]
    message: str


def find_damage(text: str) -> list[Damage]:
    """Return the damage in a text as it was read."""
    if misread := _misread_as(text):
        certain = undo_misreading(text) is not None
        remedy = "--fix 可以还原" if certain else "已有丢失，无法还原，请从原系统重新导出"
        return [Damage("mojibake", "error", f"乱码：{misread}，{remedy}")]
    found = []
    lost = sum(2 if mark == "锟斤拷" else 1 for mark in _LOST.findall(text))
    if lost or _ALL_LOST.fullmatch(text):
        unreadable = not lost or lost > _UNREADABLE_SHARE * len(text)
        message = f"有 {lost or len(text)} 个字在转换编码时丢失（�、锟斤拷或问号），请从原系统重新导出"
        found.append(Damage("lost_characters", "error" if unreadable else "warning", message))
    if invisible := len(_CONTROL.findall(text)):
        message = f"有 {invisible} 个看不见的控制字符，--fix 可以去掉"
        found.append(Damage("control_characters", "warning", message))
    return found


def undo_misreading(text: str) -> str | None:
    """Return what a text said before it was decoded by the wrong encoding; None if it was not, or nobody can tell."""
    latin, gbk = _encode(text.translate(_TO_LATIN_1), "latin-1"), _encode(text, "gb18030")
    for encoded, right in ((latin, "utf-8"), (gbk, "utf-8"), (latin, "gb2312")):
        try:
            decoded = encoded.decode(right) if encoded else ""
        except UnicodeDecodeError:
            continue
        if decoded != text and len(_HAN.findall(decoded)) >= _MIN_HAN and _PLAIN_CHINESE.fullmatch(decoded):
            return decoded
    return None


def tidy(text: str) -> str:
    """Return a text without control characters, with half-width letters and digits and no more blanks than needed."""
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).translate(_FULL_WIDTH)
    return _AROUND_LINE_FEED.sub("\n", _BLANKS.sub(" ", text)).strip()


def _misread_as(text: str) -> str | None:
    """Return in Chinese how a text was decoded wrongly, as a whole or for the most part."""
    if text.isascii():
        return None
    if _HAN.search(text):
        return "UTF-8 被当成 GBK 读取" if _is_chinese(text.encode("gb18030", "ignore"), "utf-8", 3) else None
    latin = text.translate(_TO_LATIN_1).encode("latin-1", "ignore")
    if _is_chinese(latin, "utf-8", 3):
        return "UTF-8 被当成西文读取"
    return "GBK 被当成西文读取" if len(latin) == len(text) and _is_chinese(latin, "gb2312", 2) else None


def _is_chinese(encoded: bytes, encoding: str, bytes_per_han: int) -> bool:
    """Return whether most of what is not ASCII in `encoded` is Chinese characters by an encoding."""
    n_han = len(_HAN.findall(encoded.decode(encoding, "ignore")))
    return n_han >= _MIN_HAN and n_han * bytes_per_han > _MOSTLY * sum(byte >= 0x80 for byte in encoded)


def _encode(text: str, encoding: str) -> bytes | None:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return None
