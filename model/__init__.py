"""What a routing is and how it is computed. No web, no environment, no printing, no training."""

from model.errors import (
    ArtefactDigestError,
    ArtefactError,
    ArtefactFormatError,
    ArtefactNotFoundError,
    CorpusError,
    RoutingError,
    TableError,
    TaxonomyError,
)
from model.evidence import Evidence
from model.registry import Registry
from model.router import Candidate, KindGuess, Router, Routing
from model.taxonomy import Desk, Kind, Taxonomy

__all__ = [
    "ArtefactDigestError",
    "ArtefactError",
    "ArtefactFormatError",
    "ArtefactNotFoundError",
    "Candidate",
    "CorpusError",
    "Desk",
    "Evidence",
    "Kind",
    "KindGuess",
    "Registry",
    "Router",
    "Routing",
    "RoutingError",
    "TableError",
    "Taxonomy",
    "TaxonomyError",
]
