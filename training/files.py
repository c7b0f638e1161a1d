"""Files that are written whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.errors import CorpusError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; it becomes `path` when the block ends without an error.

    Raises
    ------
    CorpusError
        If it cannot be written there.
    """
    staging = path.with_name(f".{path.name}.staging")
    try:
        yield staging
        staging.replace(path)
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror or error}; choose a folder that can be written to") from error
    finally:
        staging.unlink(missing_ok=True)
