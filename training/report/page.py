"""A report as one HTML file: its style and its charts are inside, and nothing is loaded from anywhere."""

import os
import tempfile
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

_templates = Environment(
    loader=PackageLoader("training.report"),
    autoescape=True,  # tips are hostile
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["percent"] = lambda share: "–" if share is None else f"{share:.1%}"


def write_page(path: Path, template: str, **context: object) -> None:
    """Write a report made by one of the templates beside this file; a reader never sees half of it."""
    page = _templates.get_template(template).render(context)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Each writer has a file of its own: two may write the same report at once.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    staging = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:  # a lone surrogate in a tip
            file.write(page)
        staging.chmod(0o644)  # mkstemp makes it private
        staging.replace(path)
    finally:
        staging.unlink(missing_ok=True)
