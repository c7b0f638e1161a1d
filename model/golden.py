"""Golden tips: what a model answered where it was trained, and whether it still does where it is to serve."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from model.errors import ArtefactError

if TYPE_CHECKING:
    from model.router import Router

_TOLERANCE = 1e-3
"""Processors add up in different orders, which moves a probability by some 1e-6; another library moves it further."""


@dataclass(frozen=True)
class GoldenTip:
    """A text, the desk that the model sent it to, and with what probability."""

    text: str
    desk: str
    confidence: float


def answer_golden(router: "Router", texts: Sequence[str]) -> tuple[GoldenTip, ...]:
    """Return what `router` answers."""
    routings = router.route(texts, explain=False)
    return tuple(
        GoldenTip(text, routing.desk, routing.confidence) for text, routing in zip(texts, routings, strict=True)
    )


def require_golden(router: "Router") -> None:
    """Refuse a model that answers otherwise here than where it was trained.

    Raises
    ------
    ArtefactError
    """
    golden = router.golden
    routings = router.route([tip.text for tip in golden], explain=False)
    # The pieces must not fail either; and what they need is made at their first use, which nobody is to wait for.
    router.route([tip.text for tip in golden[:1]])
    differing = [
        number
        for number, (tip, routing) in enumerate(zip(golden, routings, strict=True), 1)
        if tip.desk != routing.desk or abs(tip.confidence - routing.confidence) > _TOLERANCE
    ]
    if differing:
        raise ArtefactError(
            f"model {router.version} answers {len(differing)} of its {len(golden)} golden tips otherwise than where it "
            f"was trained (the first is number {differing[0]}); install the locked requirements or train the model anew"
        )


def golden_to_dict(golden: Iterable[GoldenTip]) -> dict[str, Any]:
    """Return golden tips as JSON can hold them."""
    return {"tips": [asdict(tip) for tip in golden]}


def golden_from_dict(content: dict[str, Any]) -> tuple[GoldenTip, ...]:
    """Return what `golden_to_dict` made.

    Raises
    ------
    ValueError
        If it is not of that form.
    """
    try:
        return tuple(GoldenTip(str(tip["text"]), str(tip["desk"]), float(tip["confidence"])) for tip in content["tips"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"golden tips: {error!r}") from error
