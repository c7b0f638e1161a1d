"""Near-duplicates, so that twins never stand on both sides of a split."""

from collections.abc import Hashable, Sequence

from datasketch import MinHash, MinHashLSH

from model.featuretext import feature_text
from model.text import normalise

_SHINGLE = 4  # characters
_SIMILARITY = 0.6  # Jaccard, of shingle sets: the same letter with another name and sum stays above
_PERMUTATIONS = 64


def near_duplicate_groups(texts: Sequence[str], blocks: Sequence[Hashable] = ()) -> list[int]:
    """Return a group number for each text; near-duplicates, also of near-duplicates, have the same.

    Parameters
    ----------
    blocks : sequence of hashable, optional
        For each text what else it belongs to; texts of one block have the same number too.

    Notes
    -----
    MinHash with banding: A. Z. Broder, On the resemblance and containment of documents, 1997. It misses a pair near the
    threshold now and then, never puts together what has no shingle in common.
    """
    shingled = [_shingles(text) for text in texts]
    index = MinHashLSH(threshold=_SIMILARITY, num_perm=_PERMUTATIONS)
    groups = list(range(len(texts)))
    first_of: dict[Hashable, int] = {}
    for number, block in enumerate(blocks):
        _join(groups, number, first_of.setdefault(block, number))
    for number, sketch in enumerate(MinHash.generator(shingled, num_perm=_PERMUTATIONS, seed=1)):
        for other in index.query(sketch):
            _join(groups, number, other)
        index.insert(number, sketch)
    return [_root(groups, number) for number in range(len(texts))]


def same_text_key(text: str) -> str:
    """Return what texts have in common that differ in nothing but marks, blanks, width, case and personal numbers."""
    return feature_text(normalise(text)).replace(" ", "") or text


def _shingles(text: str) -> set[bytes]:
    compact = same_text_key(text).encode("utf-8", "replace").decode()
    return {compact[i : i + _SHINGLE].encode() for i in range(max(len(compact) - _SHINGLE + 1, 1))}


def _root(groups: list[int], number: int) -> int:
    while groups[number] != number:
        groups[number] = groups[groups[number]]
        number = groups[number]
    return number


def _join(groups: list[int], a: int, b: int) -> None:
    a, b = _root(groups, a), _root(groups, b)
    groups[max(a, b)] = min(a, b)
