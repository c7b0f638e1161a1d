"""/v2: the Open Inference Protocol with JSON tensors, for clients that speak it to any model server.

Notes
-----
https://github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md. Without the binary
extension: clients ask for ``binary_data=False``.
"""

from importlib.metadata import version as installed_version
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path

from model.router import Router
from service.access import Permission, allow
from service.dependencies import DatabaseDep, RouterDep
from service.errors import problem_responses
from service.schemas.inference import (
    NAME,
    InferenceRequest,
    InferenceResponse,
    Live,
    ModelMetadata,
    ModelReady,
    Output,
    OutputTensor,
    Ready,
    ServerMetadata,
    TensorMetadata,
)

router = APIRouter(prefix="/v2", tags=["inference"], strict_content_type=False)  # not all clients name JSON's

_MODEL = f"/models/{NAME}"
_VERSION = f"{_MODEL}/versions/{{version}}"
_MAY_READ, _MAY_ROUTE = [allow(Permission.MODELS_READ)], [allow(Permission.ROUTE)]
_UNKNOWN = problem_responses(404)


async def router_of_version(
    tip_router: RouterDep, version: Annotated[str, Path(max_length=64, description="The version that serves.")]
) -> Router:
    """Return the router that serves now, if it has that version."""
    if version != tip_router.version:
        raise HTTPException(404, f"version {version[:64]} does not serve; {tip_router.version} does")
    return tip_router


VersionDep = Annotated[Router, Depends(router_of_version)]


@router.get("", dependencies=_MAY_READ)
async def show_server() -> ServerMetadata:
    """Show what serves."""
    return ServerMetadata(name=NAME, version=installed_version(NAME), extensions=[])


@router.get("/health/live")
async def server_live() -> Live:
    """Say that the process answers."""
    return Live(live=True)


@router.get("/health/ready")
def server_ready(database: DatabaseDep) -> Ready:
    """Say that texts can be routed, and keys be looked up; 503 while the database cannot be used."""
    database.check()
    return Ready(ready=True)


@router.get(f"{_MODEL}/ready")
async def model_ready() -> ModelReady:
    """Say that texts can be routed."""
    return ModelReady(name=NAME, ready=True)


@router.get(f"{_VERSION}/ready", responses=_UNKNOWN)
async def version_ready(_: VersionDep) -> ModelReady:
    """Say that texts can be routed by that version."""
    return ModelReady(name=NAME, ready=True)


@router.get(_MODEL, dependencies=_MAY_READ, response_model_exclude_none=True)
async def show_model_metadata(tip_router: RouterDep) -> ModelMetadata:
    """Show what the model takes and gives; the columns of `probabilities` are its `labels`."""
    return ModelMetadata(
        name=NAME,
        versions=[tip_router.version],
        platform=NAME,
        inputs=[TensorMetadata(name="text", datatype="BYTES", shape=[-1])],
        outputs=[
            TensorMetadata(name="desk", datatype="BYTES", shape=[-1]),
            TensorMetadata(name="decision", datatype="BYTES", shape=[-1]),
            TensorMetadata(
                name="probabilities",
                datatype="FP64",
                shape=[-1, len(tip_router.desks)],
                labels=list(tip_router.desks),
            ),
        ],
    )


@router.get(_VERSION, dependencies=_MAY_READ, response_model_exclude_none=True, responses=_UNKNOWN)
async def show_version_metadata(tip_router: VersionDep) -> ModelMetadata:
    """Show what that version takes and gives; the columns of `probabilities` are its `labels`."""
    return await show_model_metadata(tip_router)


@router.post(f"{_MODEL}/infer", dependencies=_MAY_ROUTE, response_model_exclude_none=True)
def infer(request: InferenceRequest, tip_router: RouterDep) -> InferenceResponse:
    """Route up to 1,000 texts: the desk, the decision and the probability of each desk."""
    texts, tensors = request.inputs[0].texts(), []
    wanted: list[Output] = [output.name for output in request.outputs] or ["desk", "decision", "probabilities"]
    routings = [] if set(wanted) == {"probabilities"} else tip_router.route(texts, explain=False)
    for name in wanted:
        if name == "probabilities":
            proba = tip_router.predict_proba(texts)
            tensor = OutputTensor(name=name, datatype="FP64", shape=list(proba.shape), data=proba.ravel().tolist())
        else:
            values = [getattr(routing, name) for routing in routings]
            tensor = OutputTensor(name=name, datatype="BYTES", shape=[len(texts)], data=values)
        tensors.append(tensor)
    return InferenceResponse(model_name=NAME, model_version=tip_router.version, id=request.id, outputs=tensors)


@router.post(f"{_VERSION}/infer", dependencies=_MAY_ROUTE, response_model_exclude_none=True, responses=_UNKNOWN)
def infer_by_version(request: InferenceRequest, tip_router: VersionDep) -> InferenceResponse:
    """Route up to 1,000 texts by that version, as without naming it."""
    return infer(request, tip_router)
