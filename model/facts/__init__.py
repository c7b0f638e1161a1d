"""Facts in a tip, found by words that are data: amounts, head-counts, times, employers, places, what is stated."""

from model.facts.finder import FactFinder
from model.facts.places import read_places

__all__ = ["FactFinder", "read_places"]
