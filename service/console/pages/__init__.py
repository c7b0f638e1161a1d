"""The pages, one file for each section; 模型 has two, 管理 one for each page."""

from service.console.pages import (
    audit,
    batch,
    cases,
    docs,
    guide,
    keys,
    models,
    retention,
    review,
    route,
    session,
    settings,
    statistics,
    training,
    users,
    webhooks,
)

_MODELS = (training, models)  # /models/train is no version
_ADMIN = (users, keys, webhooks, retention, audit, settings)

PAGES = tuple(
    page.router for page in (route, cases, statistics, review, *_MODELS, batch, *_ADMIN, guide, session, docs)
)
UPLOAD_PATHS = batch.UPLOAD_PATHS | training.UPLOAD_PATHS
"""Where files are sent to."""
