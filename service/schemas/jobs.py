"""Jobs: commands that take minutes."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from service.jobs import State

JobId = Annotated[
    str, Path(pattern="^[0-9]{8}-[0-9]{6}-[0-9a-f]{6}$", description="A job.", examples=["20261130-091500-3fa85f"])
]
FileName = Annotated[
    str, Field(max_length=200, pattern=r"^[^./\\\x00-\x1f\x7f-][^/\\\x00-\x1f\x7f]*\.(csv|xlsx|jsonl)$")
]


class JobRequest(BaseModel):
    """What is to be done."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"kind": "train", "from_store": True, "publish": True}]}
    )

    kind: Literal["train"]
    own: list[FileName] = Field(
        [], max_length=50, description="The hotline's own labelled cases: files in the folder `own` of TIPDESK_HOME."
    )
    from_store: StrictBool = Field(False, description="Whether to learn from the cases that operators confirmed.")
    report: StrictBool = Field(False, description="Whether to write the HTML report.")
    publish: StrictBool = Field(
        False, description="Whether the new version becomes the champion if it passes the gate."
    )


class JobResponse(BaseModel):
    """A job as it is now."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: str
    by: str
    started_at: datetime
    ended_at: datetime | None = Field(description="Null while it runs, and where it died without a word.")
    state: State
    exit_status: int | None
    message: str = Field(description="What it said last: how far it is, or why it failed.")


class JobResultResponse(JobResponse):
    """A job and what came of it."""

    result: Any = Field(description="What the command printed with --json.")
