"""The form of 分派: what an operator has typed and chosen, beside what was suggested when the form was shown.

What differs from the suggestion was chosen by a person and stays when the text goes on; what does not differ follows
the new suggestion. So the form alone knows which is which, with JavaScript and without.
"""

from dataclasses import dataclass

from pydantic import BaseModel

from model.router import Router
from model.routing import Fact, Routing
from service.console.regions import find_region, region_name, told_region
from service.schemas.route import MAX_CHARS
from service.store.cases import MAX_ALSO, MAX_PEOPLE, NewCase
from service.store.vocabulary import CHANNEL_NAMES, Channel

MAX_EMPLOYER = 200


class TipForm(BaseModel):
    """What a browser sends. Every field takes anything: nothing that was typed is lost by a refusal.

    Attributes
    ----------
    key : str
        Made with the form; whatever is sent with it, however often, makes one case.
    suggested_desk, suggested_also, suggested_kind : str
        What was suggested when the form was shown; further desks joined by ``|``.
    told_people, told_region, told_employer : str
        What the text told then.
    """

    text: str = ""
    channel: str = Channel.PHONE
    people: str = ""
    region: str = ""
    employer: str = ""
    desk: str = ""
    also: list[str] = []
    kind: str = ""
    key: str = ""
    suggested_desk: str = ""
    suggested_also: str = ""
    suggested_kind: str = ""
    told_people: str = ""
    told_region: str = ""
    told_employer: str = ""

    def follow(self, routing: Routing | None, router: Router) -> "TipForm":
        """Return the form as it is shown with a new routing of its text."""
        told = tell(routing.facts or () if routing else (), router)
        desk, kind, also = "", "", []
        if routing:
            # Where a person must read the tip, one must choose too.
            desk = routing.desk if routing.decision != "review" else ""
            kind, also = routing.kind.id, [further.desk for further in routing.also][:MAX_ALSO]
        known = set(router.desks)
        chosen_desk = self.desk if self.desk in known and self.desk != self.suggested_desk else ""
        chosen_also = [other for other in self.also if other in known]
        if "|".join(sorted(chosen_also)) == "|".join(sorted(filter(None, self.suggested_also.split("|")))):
            chosen_also = also
        changes: dict[str, object] = {
            "desk": chosen_desk or desk,
            "also": [other for other in chosen_also if other != (chosen_desk or desk)],
            "kind": self.kind if self.kind != self.suggested_kind else kind,
            "suggested_desk": desk,
            "suggested_also": "|".join(also),
            "suggested_kind": kind,
        }
        for name in ("people", "region", "employer"):
            new = getattr(told, name)
            changes[f"told_{name}"] = new
            if getattr(self, name) == getattr(self, f"told_{name}"):
                changes[name] = new
        return self.model_copy(update=changes)

    def to_new_case(self, router: Router) -> tuple[NewCase | None, str]:
        """Return what the store takes and an empty text, or None and what is wrong."""
        people, region = self.people.strip() or "1", self.region.strip()
        code = find_region(router, region) if region else None
        problem = ""
        if not self.text.strip():
            problem = "请先记录诉求内容。"
        elif len(self.text) > MAX_CHARS:
            problem = f"诉求内容有 {len(self.text)} 字，最多 {MAX_CHARS} 字，请删减。"
        elif self.channel not in list(Channel):
            problem = f"没有这个渠道，请在{'、'.join(CHANNEL_NAMES.values())}中选择。"
        elif not people.isdecimal() or not 1 <= len(people) <= 7 or not 1 <= int(people) <= MAX_PEOPLE:
            problem = f"涉及人数请填 1 到 {MAX_PEOPLE} 的整数。"
        elif region and code is None:
            problem = "没有找到这个地区，请写全省市县名称，例如“湖南省长沙市”，或者填六位区划代码。"
        elif len(self.employer) > MAX_EMPLOYER:
            problem = f"单位名称最多 {MAX_EMPLOYER} 字。"
        elif not self.desk:
            problem = "把握不足，请先选定受理席，再确认派单。"
        elif {self.desk, *self.also} - set(router.desks):
            problem = "所选受理席已经撤销或者改名，请重新选择。填写的内容都还在。"
        elif self.kind not in router.taxonomy.kind_ids:
            problem = "所选诉求类型已经撤销或者改名，请重新选择。"
        elif len(set(self.also)) > MAX_ALSO:
            problem = f"另涉的受理席最多选 {MAX_ALSO} 个。"
        if problem:
            return None, problem
        employer = self.employer.strip() or None
        return NewCase(self.text, Channel(self.channel), int(people), code, employer), ""


@dataclass(frozen=True)
class Told:
    """What a text tells for certain, as it stands in the form's fields; empty where it does not, or tells several."""

    people: str
    region: str
    employer: str


def tell(facts: tuple[Fact, ...], router: Router) -> Told:
    """Return what facts tell for certain."""
    heads = {fact.value for fact in facts if fact.kind == "headcount"}
    names = {str(fact.value) for fact in facts if fact.kind == "employer" and fact.value}
    people = heads.pop() if len(heads) == 1 else None
    whole = isinstance(people, float | int) and people == int(people) and 1 <= people <= MAX_PEOPLE
    return Told(
        str(int(people)) if whole and isinstance(people, float | int) else "",
        region_name(router, told_region(facts)),
        names.pop()[:MAX_EMPLOYER] if len(names) == 1 else "",
    )
