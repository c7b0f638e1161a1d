"""Files that are whole and on disk, whatever stops the writer or the machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Open a file for bytes; when the block ends without an error they are on disk."""
    with path.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that whoever reads it meanwhile, or after a power cut, finds the old content or the new."""
    staging = path.with_name(f"{path.name}.staging")
    try:
        with writing(staging) as file:
            file.write(content)
        staging.replace(path)
    finally:
        staging.unlink(missing_ok=True)
    sync(path.parent)


def sync(path: Path) -> None:
    """See that a file's content, or the names in a folder, outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
