"""Stored cases that tell the same matter."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from model.similar import Match
from service.schemas.cases import CaseResponse, Employer, Region
from service.schemas.route import EXAMPLE, MAX_CHARS
from service.store.similar import CLUSTER_DAYS, Cluster
from service.store.tables import Case

MAX_SIMILAR = 20


class SimilarRequest(BaseModel):
    """A tip that is no case yet."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": EXAMPLE, "employer": "鸿运达电子厂", "limit": 3}]}
    )

    text: str = Field(min_length=1, max_length=MAX_CHARS, description="What the worker said, in their own words.")
    employer: Employer | None = Field(None, description="If not given, the one that the text names.")
    region: Region | None = Field(None, description="If not given, that of the place that the text names.")
    limit: int = Field(5, strict=True, ge=1, le=MAX_SIMILAR, description="How many cases are wanted at most.")


class SimilarCase(BaseModel):
    """A stored case that is like the tip."""

    case: CaseResponse
    similarity: float = Field(description="Of the words alone: 0 none of the telling ones in common, 1 all.")
    same_employer: bool = Field(description="Whether both are known, and the same.")
    same_place: bool = Field(description="Whether both are in one city.")
    duplicate: bool = Field(description="Whether it looks like one caller telling one matter twice: merge them?")

    @classmethod
    def of(cls, match: Match, case: Case) -> "SimilarCase":
        """Return what is told of a case that was found."""
        return cls(
            case=CaseResponse.model_validate(case),
            similarity=match.similarity,
            same_employer=match.same_employer,
            same_place=match.same_place,
            duplicate=match.duplicate,
        )


class ClusterResponse(BaseModel):
    """The cases of one employer."""

    model_config = ConfigDict(from_attributes=True)

    employer: str = Field(description="The part of its name that tells it from others.")
    cases: int
    people: int
    since: date = Field(description="Day of the first of them.")


class SimilarResponse(BaseModel):
    """Stored cases that are most like a tip, best first."""

    cases: list[SimilarCase]
    cluster: ClusterResponse | None = Field(
        description=f"All cases of the tip's employer in the last {CLUSTER_DAYS} days, if there are any."
    )

    @classmethod
    def of(cls, found: list[tuple[Match, Case]], cluster: Cluster | None) -> "SimilarResponse":
        """Return what is told of cases that were found."""
        of_employer = None if cluster is None else ClusterResponse.model_validate(cluster)
        return cls(cases=[SimilarCase.of(*pair) for pair in found], cluster=of_employer)
