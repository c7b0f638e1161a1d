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
    index = MinHashLSH(threshold=_SIMILARITY, num_perm=_PERMUTATIONS)
    groups = list(range(len(texts)))
    first_of: dict[Hashable, int] = {}
    for number, block in enumerate(blocks):
        _join(groups, number, first_of.setdefault(block, number))
    for number, sketch in enumerate(MinHash.generator(map(shingles, texts), num_perm=_PERMUTATIONS, seed=1)):
        for other in index.query(sketch):
            _join(groups, number, other)
        index.insert(number, sketch)
    return [_root(groups, number) for number in range(len(texts))]


def find_twin(text: set[bytes], others: Sequence[set[bytes]]) -> int | None:
    """Return which of `others` is most like `text`, both as `shingles`; None where none is a near-duplicate."""
    likeness = [len(text & other) / len(text | other) for other in others]
    best = max(range(len(others)), key=likeness.__getitem__, default=-1)
    return best if best >= 0 and likeness[best] >= _SIMILARITY else None


def same_text(text: str) -> str:
    """Return what two texts have in common that differ in marks, blanks, width or personal data alone."""
    return feature_text(normalise(text)).replace(" ", "") or text


def shingles(text: str) -> set[bytes]:
    """Return what a text is compared by: its runs of four characters, without marks and blanks."""
    compact = same_text(text).encode("utf-8", "replace").decode()
    return {compact[i : i + _SHINGLE].encode() for i in range(max(len(compact) - _SHINGLE + 1, 1))}


def _root(groups: list[int], number: int) -> int:
    while groups[number] != number:
        groups[number] = groups[groups[number]]
        number = groups[number]
    return number


def _join(groups: list[int], a: int, b: int) -> None:
    a, b = _root(groups, a), _root(groups, b)
    groups[max(a, b)] = min(a, b)
