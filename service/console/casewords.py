"""A case in the words of a hotline: its fields, their values, what was done with it."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from model.router import Router
from service.console.regions import region_name
from service.store.database import CHINA
from service.store.numbers import format_number
from service.store.tables import Case
from service.store.vocabulary import CHANNEL_NAMES, STATUS_NAMES
from service.wording import DECISIONS, URGENCIES

FIELD_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "number": "工单号",
        "text": "诉求内容",
        "status": "状态",
        "desk": "受理席",
        "confirmed_desk": "受理席",
        "also": "另涉受理席",
        "kind": "诉求类型",
        "urgency": "紧急程度",
        "channel": "渠道",
        "people": "人数",
        "region": "地区",
        "employer": "单位",
        "suggested_desk": "建议受理席",
        "confidence": "建议的把握",
        "decision": "处置建议",
        "model_version": "模型版本",
        "due_on": "答复期限",
        "closed_on": "办结日期",
        "satisfaction": "满意度",
        "created_at": "登记时间",
        "created_by": "登记人",
        "updated_at": "最后改动",
        "updated_by": "改动人",
    }
)
"""What fields are called, in the order of an exported table."""

ACTION_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "create": "登记",
        "confirm": "派单",
        "correct": "更正",
        "start": "开始办理",
        "return": "退回",
        "transfer": "转办",
        "close": "办结",
        "rate": "评价",
    }
)

EXPORTED = [name for name in FIELD_NAMES if name != "confirmed_desk"]


class CaseWords:
    """Says values of cases as people read them; an id that the model no longer knows is said as it is."""

    def __init__(self, router: Router) -> None:
        self.desks = {desk.id: desk.name for desk in router.taxonomy.desks}
        self.kinds = {kind.id: kind.name for kind in router.taxonomy.kinds}
        self._router = router
        self._names: dict[str, Mapping[Any, str]] = {
            **dict.fromkeys(("desk", "confirmed_desk", "suggested_desk"), self.desks),
            "kind": self.kinds,
            "status": STATUS_NAMES,
            "channel": CHANNEL_NAMES,
            "urgency": URGENCIES,
            "decision": DECISIONS,
        }

    def say(self, field: str, value: Any) -> str:
        """Return a field's value in words; nothing is a dash."""
        if value is None or value in ("", []):
            return "—"
        if field == "also":
            return "、".join(self.desks.get(desk, desk) for desk in value)
        if field == "region":
            return region_name(self._router, value)
        return self._names.get(field, {}).get(value, str(value))

    def row(self, case: Case) -> list[Any]:
        """Return what an exported table says of a case, in the order of `EXPORTED`; numbers and times stay such."""
        row: list[Any] = []
        for field in EXPORTED:
            value = format_number(case.id) if field == "number" else getattr(case, field)
            if isinstance(value, datetime):
                row.append(value.astimezone(CHINA).replace(tzinfo=None))
            elif isinstance(value, int | float | date):
                row.append(value)
            else:
                row.append(self.say(field, value) if value else None)
        return row
