"""The operator's console: server-rendered pages and their files."""

from pathlib import Path

from fastapi.templating import Jinja2Templates

from service.console.highlight import visible

STATIC = Path(__file__).parent / "static"
templates = Jinja2Templates(Path(__file__).parent / "templates")
templates.env.filters["visible"] = visible
