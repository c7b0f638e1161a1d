"""Facts in a tip, found by words that are data: amounts, head-counts, times, employers, places, what is stated."""

from model.facts.finder import Fact, FactFinder
from model.facts.places import read_places

__all__ = ["Fact", "FactFinder", "read_places"]
