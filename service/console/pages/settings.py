"""管理 › 设置: /admin/settings."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import SecretStr

from service.access import Permission, allow
from service.console import templates
from service.console.names import SETTING_NAMES
from service.dependencies import SettingsDep
from service.settings import Settings

router = APIRouter(prefix="/admin/settings", include_in_schema=False, default_response_class=HTMLResponse)


@router.get("", dependencies=[allow(Permission.ADMIN)])
async def show_settings(request: Request, settings: SettingsDep) -> HTMLResponse:
    """Show the settings in force; secrets only as being set."""
    rows = [
        {
            "variable": f"TIPDESK_{name.upper()}",
            "value": _shown(getattr(settings, name)),
            "is_default": getattr(settings, name) == field.default,
            "name": SETTING_NAMES.get(name),
            "description": field.description,
        }
        for name, field in Settings.model_fields.items()
    ]
    return templates.TemplateResponse(request, "settings.html", {"rows": rows})


def _shown(value: Any) -> str:
    if isinstance(value, SecretStr):
        return "已设，不显示"
    if value is None:
        return "未设"
    return ("是" if value else "否") if isinstance(value, bool) else str(value)
