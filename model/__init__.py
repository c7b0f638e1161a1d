"""What a routing is and how it is computed. No web, no environment, no printing, no training."""

from model.errors import (
    ArtefactDigestError,
    ArtefactError,
    ArtefactFormatError,
    ArtefactNotFoundError,
    CorpusError,
    EngineError,
    PromotionError,
    RoutingError,
    TableError,
    TaxonomyError,
)
from model.registry import Registry
from model.router import Router
from model.routing import Article, Candidate, Evidence, Fact, KindGuess, Routing, Signal, TimeLimit, Urgency
from model.taxonomy import Desk, Kind, Taxonomy

__all__ = [
    "ArtefactDigestError",
    "ArtefactError",
    "ArtefactFormatError",
    "ArtefactNotFoundError",
    "Article",
    "Candidate",
    "CorpusError",
    "Desk",
    "EngineError",
    "Evidence",
    "Fact",
    "Kind",
    "KindGuess",
    "PromotionError",
    "Registry",
    "Router",
    "Routing",
    "RoutingError",
    "Signal",
    "TableError",
    "Taxonomy",
    "TaxonomyError",
    "TimeLimit",
    "Urgency",
]
