"""What routes are given: one name for each injected thing."""

from typing import Annotated, cast

from fastapi import Depends, Request

from model.router import Router


def get_router(request: Request) -> Router:
    """Return the router of the champion, loaded when the service started."""
    return cast("Router", request.app.state.router)


RouterDep = Annotated[Router, Depends(get_router)]
