"""Text files in whatever encoding an office saved them, plain or compressed, a line at a time."""

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, cast

import zstandard

from model.errors import TableError
from service.batch.table import MAX_RECORD_CHARS

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_UNPACKING_ERRORS = (gzip.BadGzipFile, EOFError, zlib.error, zstandard.ZstdError)

# Bytes of GB18030 that read as this many Chinese characters in UTF-8 do so by chance less than once in 10^8 lines.
_SURELY_UTF8 = 4


def _open_zstd(raw: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True, closefd=False))


_OPENERS: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {
    "": lambda raw: raw,
    ".gz": lambda raw: cast("IO[bytes]", gzip.GzipFile(fileobj=raw)),
    ".zst": _open_zstd,
}
_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": lambda data: gzip.compress(data, compresslevel=6, mtime=0),
    ".zst": lambda data: zstandard.ZstdCompressor().compress(data),
}
COMPRESSIONS = tuple(_OPENERS)[1:]


def pack(data: bytes, compression: str) -> bytes:
    """Return the bytes compressed; one after the other, such pieces are a file of that compression."""
    return _PACKERS[compression](data) if data else b""


class TextFile:
    """A text file whose encoding has been found.

    Parameters
    ----------
    path : Path
    compression : str
        "" or one of `COMPRESSIONS`.

    Raises
    ------
    TableError
        If the file as a whole is in no one encoding, naming the line, or is not compressed as its name says.
    """

    def __init__(self, path: Path, compression: str) -> None:
        self._path = path
        self._compression = compression
        self._size = max(path.stat().st_size, 1)
        self._raw: IO[bytes] | None = None
        try:
            self.encoding = self._find_encoding()
        except _UNPACKING_ERRORS as error:
            name = compression.removeprefix(".")
            raise TableError(f"{path}: not whole as {name}: {error}; expected a complete {name} file") from error

    def lines(self) -> Iterator[str]:
        """Yield the lines with their ends; a lone CR ends no line, as in a cell of a spreadsheet.

        What is longer than the longest row comes in pieces.
        """
        with self._open() as file, io.TextIOWrapper(file, self.encoding, newline="\n") as text:
            yield from iter(partial(text.readline, MAX_RECORD_CHARS), "")

    def share_read(self) -> float:
        """Return how much of the file has been read, 0 to 1."""
        return 0.0 if self._raw is None or self._raw.closed else self._raw.tell() / self._size

    @contextmanager
    def _open(self) -> Iterator[IO[bytes]]:
        with self._path.open("rb") as self._raw, _OPENERS[self._compression](self._raw) as file:
            yield file

    def _find_encoding(self) -> str:
        with self._open() as file:
            head = file.read(3)
        bom = next((mark for mark in _BOMS if head.startswith(mark)), b"")
        encoding = _BOMS.get(bom, "utf-8")
        failed = self._fails_at(encoding)
        if not failed:
            return encoding
        if bom:
            raise self._error(f"{encoding.removesuffix('-sig').upper()} by its first bytes, but not at line {failed}")
        if before := self._first_utf8_line(at_least=1, until=failed):
            raise self._error(f"line {before} is UTF-8, line {failed} is not")
        if failed_too := self._fails_at("gb18030"):
            raise self._error(f"not UTF-8 at line {failed}, not GB18030 at line {failed_too}")
        if within := self._first_utf8_line(at_least=_SURELY_UTF8):
            raise self._error(f"line {failed} is not UTF-8, line {within} is")
        return "gb18030"

    def _error(self, found: str) -> TableError:
        return TableError(f"{self._path}: {found}; save the file in one encoding, best as 'CSV UTF-8'")

    def _fails_at(self, encoding: str) -> int:
        """Return the first line that is not in the encoding, or 0."""
        decoder = codecs.getincrementaldecoder(encoding)()
        line_feed = "\n".encode(encoding)[-2:] if encoding == "utf-16" else b"\n"
        n_lines = 1
        with self._open() as file:
            try:
                while chunk := file.read(1 << 20):
                    decoder.decode(chunk)
                    n_lines += chunk.count(line_feed)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError as error:
                return n_lines + bytes(error.object[: error.start]).count(line_feed)
        return 0

    def _first_utf8_line(self, at_least: int, until: int | None = None) -> int:
        """Return the first line before `until` that is UTF-8 with so many Chinese characters, or 0."""
        with self._open() as file:
            reader = io.BufferedReader(cast("io.RawIOBase", file)) if self._compression else file
            for number, line in enumerate(iter(partial(reader.readline, MAX_RECORD_CHARS), b""), 1):
                if number == until:
                    return 0
                if line.isascii():
                    continue
                try:
                    n_han = sum("一" <= char <= "鿿" for char in line.decode())
                except UnicodeDecodeError:
                    continue
                if n_han >= at_least:
                    return number
        return 0
