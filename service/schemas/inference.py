"""What the Open Inference Protocol says: tensors as JSON."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictInt, model_validator

from service.schemas.route import EXAMPLE, MAX_TEXTS, Text

NAME = "tipdesk"
"""What clients call the model."""

Output = Literal["desk", "decision", "probabilities"]

Parameters = dict[str, str | float | bool]


class InputTensor(BaseModel):
    """The texts."""

    name: Literal["text"]
    datatype: Literal["BYTES"]
    shape: list[StrictInt] = Field(min_length=1, max_length=2, description="`[n]` or `[n, 1]`.")
    parameters: Parameters = {}
    data: list[Text] | list[tuple[Text]] = Field(max_length=MAX_TEXTS, description="Flat, or nested as the shape is.")

    @model_validator(mode="after")
    def _require_fit(self) -> Self:
        n = len(self.data)
        if self.shape not in ([n], [n, 1]):
            raise ValueError(f"shape {self.shape} does not fit {n} text(s); expected [{n}] or [{n}, 1]")
        return self

    def texts(self) -> list[str]:
        """Return the texts, flat."""
        return [item if isinstance(item, str) else item[0] for item in self.data]


class RequestedOutput(BaseModel):
    """A tensor that is wanted."""

    name: Output
    parameters: Parameters = {}


class InferenceRequest(BaseModel):
    """Texts to be routed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "42",
                    "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [EXAMPLE]}],
                    "outputs": [{"name": "desk"}],
                }
            ]
        }
    )

    id: str | None = Field(None, max_length=200, description="Comes back with the answer.")
    parameters: Parameters = {}
    inputs: list[InputTensor] = Field(min_length=1, max_length=1)
    outputs: list[RequestedOutput] = Field([], max_length=3, description="Without them all are answered.")


class OutputTensor(BaseModel):
    """A value for each text; of `probabilities` a row for each, columns as the metadata's labels."""

    name: Output
    datatype: Literal["BYTES", "FP64"]
    shape: list[int]
    data: list[str] | list[float]


class InferenceResponse(BaseModel):
    """What the texts were routed to."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[OutputTensor]


class TensorMetadata(BaseModel):
    """What a tensor looks like; -1 stands for the number of texts."""

    name: str
    datatype: str
    shape: list[int]
    labels: list[str] | None = Field(None, description="What the columns are: ids of desks.")


class ModelMetadata(BaseModel):
    """The model, as clients of the protocol ask for it."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ServerMetadata(BaseModel):
    """The server, as clients of the protocol ask for it."""

    name: str
    version: str
    extensions: list[str]


class Live(BaseModel):
    """Whether the process answers."""

    live: bool


class Ready(BaseModel):
    """Whether texts can be routed."""

    ready: bool


class ModelReady(BaseModel):
    """Whether texts can be routed by a model."""

    name: str
    ready: bool
