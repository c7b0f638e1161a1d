"""The errors that tipdesk raises on purpose.

RoutingError
├── TaxonomyError
├── CorpusError
├── TableError               a file to be scored cannot be read or written
├── PromotionError           a version is not made the champion
├── EngineError              what an engine of batch scoring needs is not installed
└── ArtefactError
    ├── ArtefactNotFoundError
    ├── ArtefactFormatError
    └── ArtefactDigestError

Each message says in one line what was found, what was expected and the next step, and never quotes a tip.
This module imports nothing from its package, so every module may import it.
"""


class RoutingError(Exception):
    """Base class: whatever a command or a route turns into one line for its user."""


class TaxonomyError(RoutingError):
    """The desks or the demand types are not usable."""


class CorpusError(RoutingError):
    """A labelled file cannot be trained on or evaluated with."""


class TableError(RoutingError):
    """A table to be scored cannot be read, or its result not be written."""


class PromotionError(RoutingError):
    """A version does not become the champion, which stays as it was."""


class EngineError(RoutingError):
    """What an engine of batch scoring needs is not installed."""


class ArtefactError(RoutingError):
    """A published model cannot be used."""


class ArtefactNotFoundError(ArtefactError):
    """There is no such model version."""


class ArtefactFormatError(ArtefactError):
    """The folder is not an artefact that this version of tipdesk reads."""


class ArtefactDigestError(ArtefactError):
    """A file of the artefact is not the one that was published."""
