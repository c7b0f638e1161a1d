"""The console's keys, for people: the help page lists them, and every page when `?` is pressed."""

from typing import NamedTuple


class Shortcut(NamedTuple):
    """Keys that are pressed together, or one of several, and what they do."""

    keys: tuple[str, ...]
    does: str


SHORTCUTS: dict[str, tuple[Shortcut, ...]] = {
    "所有页面": (
        Shortcut(("?",), "显示这张表"),
        Shortcut(("Tab",), "到下一处"),
        Shortcut(("Esc",), "关闭窗口或菜单"),
    ),
    "分派": (
        Shortcut(("Alt+1", "Alt+2", "Alt+3"), "选第几候选"),
        Shortcut(("Alt+0",), "打开全部受理席，可打拼音首字母查找"),
        Shortcut(("Alt+9",), "添加另涉受理席"),
        Shortcut(("Ctrl+Enter",), "派出工单"),
        Shortcut(("Alt+Backspace",), "清空，可撤销"),
    ),
    "标注": (
        Shortcut(("1–9", "q–p"), "标给对应的受理席，并到下一条"),
        Shortcut(("Shift+1–9", "Shift+q–p"), "勾选另涉的受理席"),
        Shortcut(("Alt+1–5",), "选诉求类型"),
        Shortcut(("j",), "紧急或不紧急"),
        Shortcut(("x",), "跳过，下一条"),
        Shortcut(("z",), "撤销上一条"),
    ),
}
"""By section."""
