"""Reports as HTML files of the training commands, served so that nothing in them can run or reach out."""

from pathlib import Path

from fastapi.responses import FileResponse

from service.store.errors import NotFoundError

FOLDER = "reports"

# The pages hold their style and their drawings. Sandboxed, they are of no origin, and no script of theirs runs.
_POLICY = (
    "sandbox allow-modals; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


def report_of_version(home: Path, version: str) -> Path | None:
    """Return the report of the training that made a version, if one was written."""
    path = home / FOLDER / f"{version}.html"
    return path if path.is_file() else None


def report_of_job(home: Path, argv: tuple[str, ...]) -> Path | None:
    """Return the report that a job was told to write, once it is there."""
    named = next((argument.partition("=")[2] for argument in argv if argument.startswith("--report=")), "")
    path = Path(named)
    return path if path.parent == (home / FOLDER).absolute() and path.is_file() else None


def serve_report(path: Path | None) -> FileResponse:
    """Return the answer that shows a report.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    if path is None:
        raise NotFoundError("there is no such report; it was not asked for, or was deleted")
    return FileResponse(path, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _POLICY})
