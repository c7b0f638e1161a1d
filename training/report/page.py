"""A report as one HTML file: its style and its charts are inside, and nothing is loaded from anywhere."""

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
    staging = path.with_name(f".{path.name}.staging")
    staging.write_text(page, encoding="utf-8", errors="replace")  # a lone surrogate in a tip
    staging.replace(path)
