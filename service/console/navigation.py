"""The console's sections: what stands in the top navigation, and who sees it."""

from typing import NamedTuple

from service.access import Permission, Principal


class Section(NamedTuple):
    """A group of pages.

    Attributes
    ----------
    path : str
        Of its first page; the others' paths begin with it.
    permission : Permission or None
        Who may not do this does not see the section; None: everybody who is logged in sees it.
    """

    path: str
    name: str
    permission: Permission | None


SECTIONS = (
    Section("/", "分派", Permission.ROUTE),
    Section("/cases", "工单", Permission.CASES_READ),
    Section("/statistics", "统计", Permission.STATISTICS_READ),
    Section("/review", "标注", Permission.REVIEW),
    Section("/models", "模型", Permission.MODELS_READ),
    Section("/batch", "批量", Permission.ROUTE),
    Section("/admin", "管理", Permission.ADMIN),
    Section("/help", "帮助", None),
)


def sections_of(principal: Principal) -> list[Section]:
    """Return the sections that `principal` may see, in order."""
    return [section for section in SECTIONS if section.permission in (None, *principal.permissions)]


def is_within(path: str, section: Section) -> bool:
    """Whether the page at `path` belongs to the section."""
    return path == section.path or (section.path != "/" and path.startswith(section.path + "/"))
