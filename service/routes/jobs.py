"""/v1/jobs: trainings started, watched and cancelled."""

from typing import Annotated

from fastapi import APIRouter

from service.access import Permission, Principal, allow
from service.dependencies import DatabaseDep, HomeDep, JobsDep
from service.errors import problem_responses
from service.jobs import TRAIN
from service.schemas.jobs import JobId, JobRequest, JobResponse, JobResultResponse
from service.store import audit
from service.store.errors import InvalidValueError

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_MAY_SEE = [allow(Permission.MODELS_WRITE)]
Keeper = Annotated[Principal, allow(Permission.MODELS_WRITE)]


@router.get("", dependencies=_MAY_SEE)
def list_jobs(jobs: JobsDep) -> list[JobResponse]:
    """List the jobs of the last month, the one started last first."""
    return [JobResponse.model_validate(job) for job in jobs.everything()]


@router.post("", status_code=201, responses=problem_responses(409))
def start_job(body: JobRequest, home: HomeDep, database: DatabaseDep, jobs: JobsDep, who: Keeper) -> JobResponse:
    """Start a training: it takes minutes, and goes on if the service stops. 409 while another one runs."""
    own = [home.absolute() / "own" / name for name in body.own]
    if missing := [path.name for path in own if not path.is_file()]:
        raise InvalidValueError(f"no file {', '.join(missing)} in the folder own of TIPDESK_HOME; put it there first")
    flags = {"--from-store": body.from_store, "--report": body.report, "--publish": body.publish}
    options = [flag for flag, wanted in flags.items() if wanted]
    with database.writing() as session:
        job = jobs.start(TRAIN, ["train", "--json", *options, *(f"--own={path}" for path in own)], who.name)
        detail = body.model_dump(exclude={"kind"})
        audit.record(session, who.name, f"job.{job.kind}", job.id, detail)
    return JobResponse.model_validate(job)


@router.get("/{job_id}", dependencies=_MAY_SEE, responses=problem_responses(404))
def show_job(job_id: JobId, jobs: JobsDep) -> JobResultResponse:
    """Show a job: how far it is, and what came of it."""
    job = JobResponse.model_validate(jobs.get(job_id))
    return JobResultResponse(**job.model_dump(), result=jobs.result(job_id))


@router.post("/{job_id}/cancel", responses=problem_responses(404))
def cancel_job(job_id: JobId, database: DatabaseDep, jobs: JobsDep, who: Keeper) -> JobResponse:
    """Ask a job to stop; it ends when it has cleaned up. One that has ended stays as it is."""
    job = jobs.cancel(job_id)
    with database.writing() as session:
        audit.record(session, who.name, "job.cancel", job_id)
    return JobResponse.model_validate(job)
