"""What a page says after a form was sent: the redirect names a message, so that no server keeps it in between."""

import re
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse

MESSAGES = {
    "password": "密码已改好。",
    "unlabelled": "{of} 的标注已撤销，请重新标。",
    "settled": "{of} 已定下来。",
    "promoted": "已发布，两秒内换上。",
    "rolled-back": "已回到上一个模型，两秒内换上。",
    "cancelled": "已要求停止，收拾完就结束。",
    "batch-removed": "已删除。",
    "user": "账号已改好。",
    "key-revoked": "密钥已吊销，两秒内失效。",
    "webhook-removed": "推送地址已删除。",
    "retention": "保存期限已改好。",
    "purged": "已清除 {of} 件过期工单。",
    "confirmed": "工单 {of} 已派出。",
    "confirm": "已派单。",
    "start": "已开始办理。",
    "return": "已退回。",
    "transfer": "已转办。",
    "close": "已办结。",
    "rate": "满意度已记下。",
    "correct": "已更正。",
    "bulk": "所选 {of} 件工单已办好。",
}
"""By name. `{of}` is what it is about: case numbers, counts."""

_OF = re.compile(r"[0-9-]{0,24}")


def back_to(path: str, said: str, of: object = "") -> RedirectResponse:
    """Return the answer to a form that was carried out: go to the page `path`, which says the message `said`."""
    if said not in MESSAGES:
        raise ValueError(f"there is no message '{said}'; add it to MESSAGES")
    query = urlencode({"said": said, "of": of} if of != "" else {"said": said})
    return RedirectResponse(f"{path}{'&' if '?' in path else '?'}{query}", 303)


def message_of(request: Request) -> str:
    """Return what the page at this address says, if anything; no words but ours, for links can be forged."""
    said, of = request.query_params.get("said", ""), request.query_params.get("of", "")
    return MESSAGES.get(said, "").format(of=of if _OF.fullmatch(of) else "")
