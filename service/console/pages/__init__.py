"""The pages, one file for each section."""

from service.console.pages import docs, route, session

PAGES = tuple(section.router for section in (route, session, docs))
