"""/docs: the API's documentation."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from service.console import templates

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/docs")
async def show_api_docs(request: Request) -> HTMLResponse:
    """Show the API's documentation."""
    return templates.TemplateResponse(request, "docs.html")
