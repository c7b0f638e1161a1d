"""The pages, one file for each section; 管理 has one for each page."""

from service.console.pages import (
    audit,
    docs,
    guide,
    keys,
    retention,
    review,
    route,
    session,
    settings,
    users,
    webhooks,
)

PAGES = tuple(
    section.router
    for section in (route, review, users, keys, webhooks, retention, audit, settings, guide, session, docs)
)
