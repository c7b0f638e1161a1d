"""Whether a workbook can be unpacked without harm: it is a ZIP archive from somebody else."""

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from model.errors import TableError

_BLOCK = 1 << 20
_MAX_BYTES = 8 << 30  # several sheets as full as a sheet can be
_MAX_RATIO, _RATIO_COUNTS_FROM = 200, 100 << 20  # real sheets pack to a fifth or a fiftieth
_DECLARES = re.compile(rb"<!(DOCTYPE|ENTITY)")


def require_harmless(path: Path) -> int:
    """Return how many bytes of XML the workbook unpacks to, after unpacking all of it once without keeping anything.

    Raises
    ------
    TableError
        If it is no ZIP archive, is damaged, unpacks to far more than a spreadsheet would, holds text without end, or
        declares entities.
    """
    total = 0
    try:
        with ZipFile(path) as archive:
            for info in archive.infolist():
                if info.filename.lower().endswith((".xml", ".rels")):
                    size = 0
                    for block in _unpack(archive, info):
                        size += len(block)
                        total += len(block)
                        ratio = size / max(info.compress_size, 1)
                        if total > _MAX_BYTES or (size > _RATIO_COUNTS_FROM and ratio > _MAX_RATIO):
                            raise TableError(
                                f"{path}: unpacks to {total >> 20} MB and more; expected a spreadsheet, not a zip bomb"
                            )
                        if len(block) == _BLOCK and b"<" not in block:
                            raise TableError(f"{path}: a cell of more than {_BLOCK} bytes; expected a spreadsheet")
                        if _DECLARES.search(block):
                            raise TableError(f"{path}: declares XML entities; expected a spreadsheet as Excel saves it")
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise TableError(
            f"{path}: not readable as XLSX ({error}): damaged, or protected by a password; save it again as .xlsx"
        ) from error
    return total


def _unpack(archive: ZipFile, info: ZipInfo) -> Iterator[bytes]:
    info.file_size = _MAX_BYTES + _BLOCK  # what it says of its size may be a lie: read to the end of the data
    with archive.open(info) as file:
        while block := file.read(_BLOCK):
            yield block
