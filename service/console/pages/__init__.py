"""The pages, one file for each section."""

from service.console.pages import cases, docs, route, session, statistics

PAGES = tuple(section.router for section in (route, cases, statistics, session, docs))
