"""A published model as a folder: what is in it, how it is written and why it can be trusted when it is read.

Loading runs no code: the folder holds plain arrays, text and JSON. The manifest, written last, names the SHA-256 of
every other file and, in ``digest``, of itself; a folder in which one byte differs is refused.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import ArtefactDigestError, ArtefactFormatError, ArtefactNotFoundError, TaxonomyError
from model.files import writing
from model.golden import GoldenTip, golden_from_dict, golden_to_dict
from model.gramindex import GramIndex
from model.segment import UserWord, format_user_words, parse_user_words
from model.taxonomy import Taxonomy
from model.triage import TriageData

FORMAT_VERSION = 7
"""Raise this by one with every change after which an older tipdesk would read a new folder wrongly, or a newer one an
old folder. Then either read the old format still, with a test on a folder of it, or say in CHANGELOG.md that models
must be trained anew.
"""

MANIFEST = "manifest.json"
TAXONOMY = "taxonomy.json"
USER_WORDS = "userdict.txt"
WORDS = "words.txt"
CHAR_INDEX = "char_index.npy"
IDF = "idf.npy"
WEIGHTS = "weights.npy"
INTERCEPTS = "intercepts.npy"
SIGNALS, FACTS, LAW = "signals.json", "facts.json", "law.json"
CARD, GOLDEN = "MODEL_CARD.md", "golden.json"
FILES = (TAXONOMY, USER_WORDS, SIGNALS, FACTS, LAW, CARD, GOLDEN, WORDS, CHAR_INDEX, IDF, WEIGHTS, INTERCEPTS)

_FLOATS_A_LINE = 16
_NEXT_STEP = "restore the folder from a backup or train the model anew"


@dataclass(frozen=True)
class Policy:
    """The numbers that turn probabilities into decisions. They were fitted on tips that the scores had not seen.

    Attributes
    ----------
    precision_targets : dict of str to float
        For each desk, the share of right ones that its ``auto`` decisions aim at.
    auto_thresholds : dict of str to float
        For each desk, the probability from which on its tips meet the target; above 1: never.
    coverage : float
        Share of tips whose right desk the prediction set is to hold.
    set_threshold : float
        A desk is in the prediction set from this probability on.
    also_threshold : float
        A further desk is named from this probability on.
    urgent_threshold : float
        The wording alone makes a tip urgent from this probability on.
    max_confirm : int
        The largest prediction set that is still a choice among few; beyond it a person must read the tip.
    """

    precision_targets: dict[str, float]
    auto_thresholds: dict[str, float]
    coverage: float
    set_threshold: float
    also_threshold: float
    urgent_threshold: float
    max_confirm: int


@dataclass(frozen=True)
class Manifest:
    """What is known of a published model.

    Attributes
    ----------
    recipe : dict
        The training configuration, seed included.
    corpus : dict
        Digest and counts of the labelled tips that it learned from.
    segmenter : dict
        What `model.segment.require_segmenter` must find again.
    libraries : dict of str to str
        Versions that the weights depend on.
    char_ngrams : tuple of int
        Shortest and longest character n-gram.
    opening_chars : int
        What stands in the first so many characters counts twice.
    calibration : str
        On what tips probabilities and policy were fitted.
    metrics : dict
        Cross-validated figures, on the hotline's own cases where there are any, else on the corpus.
    files : dict of str to str
        SHA-256 of every other file of the folder.
    """

    recipe: dict[str, Any]
    corpus: dict[str, Any]
    segmenter: dict[str, str]
    libraries: dict[str, str]
    char_ngrams: tuple[int, int]
    opening_chars: int
    calibration: str
    metrics: dict[str, Any]
    policy: Policy
    files: dict[str, str] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True)
class Artefact:
    """A published model in memory.

    Attributes
    ----------
    manifest : Manifest
    taxonomy : Taxonomy
    user_words : tuple of UserWord
    triage : TriageData
    card : str
        What people should know before they use it, in Markdown; the router does not read it.
    words : tuple of str
        Vocabulary; word number i is feature i.
    char_index : ndarray of uint64, shape (2**bits,)
        Table of the `model.gramindex.GramIndex` of character n-grams; number j is feature ``len(words) + j``.
    idf : ndarray of float32, shape (n_features,)
    weights : ndarray of float32, shape (n_features, n_columns)
        Outputs are: a calibrated logit for each desk, then one for each desk as a further desk, then one for each
        demand type, then one for urgency. Columns of zeros fill a row up to whole lines of the processor's cache (see
        `n_columns`).
    intercepts : ndarray of float32, shape (n_outputs,)
    golden : tuple of GoldenTip
        What it answered where it was trained; who is to serve it asks again.
    version : str
        The beginning of the manifest's digest: the same training gives the same version, another never does.
    """

    manifest: Manifest
    taxonomy: Taxonomy
    user_words: tuple[UserWord, ...]
    triage: TriageData
    card: str
    words: tuple[str, ...]
    char_index: NDArray[np.uint64]
    idf: NDArray[np.float32]
    weights: NDArray[np.float32]
    intercepts: NDArray[np.float32]
    golden: tuple[GoldenTip, ...] = ()
    version: str = ""


def n_columns(n_outputs: int) -> int:
    """Return how many columns the weights of so many outputs have: whole cache lines of 64 bytes."""
    return -(-n_outputs // _FLOATS_A_LINE) * _FLOATS_A_LINE


def save_artefact(artefact: Artefact, folder: Path) -> str:
    """Write `artefact` into the empty `folder` and return its version. The manifest comes last."""
    contents = {
        TAXONOMY: _to_json(artefact.taxonomy.to_dict()),
        USER_WORDS: format_user_words(artefact.user_words).encode(),
        SIGNALS: artefact.triage.signals,
        FACTS: artefact.triage.facts,
        LAW: artefact.triage.law,
        CARD: artefact.card.encode(),
        GOLDEN: _to_json(golden_to_dict(artefact.golden)),
        WORDS: "\n".join(artefact.words).encode(),
    }
    for name, content in contents.items():
        _write(folder / name, content)
    for name, array in (
        (CHAR_INDEX, artefact.char_index),
        (IDF, artefact.idf),
        (WEIGHTS, artefact.weights),
        (INTERCEPTS, artefact.intercepts),
    ):
        with writing(folder / name) as file:
            np.save(file, array, allow_pickle=False)
    record = asdict(artefact.manifest)
    record["files"] = {name: _sha256(folder / name) for name in FILES}
    record["digest"] = hashlib.sha256(_to_json(record)).hexdigest()
    _write(folder / MANIFEST, _to_json(record))
    return version_of(record["digest"])


def load_artefact(folder: Path) -> Artefact:
    """Return the model in `folder`, its arrays memory-mapped read-only.

    Raises
    ------
    ArtefactNotFoundError
        If the folder or its manifest is missing.
    ArtefactFormatError
        If it is of another format version, or its parts do not fit each other.
    ArtefactDigestError
        If any byte of any file is not as published, or a file is missing.
    """
    manifest, digest = _load_manifest(folder)
    for name in FILES:
        path = folder / name
        if not path.is_file():
            raise ArtefactDigestError(f"{path} is missing; {_NEXT_STEP}")
        if _sha256(path) != manifest.files.get(name):
            raise ArtefactDigestError(f"{path} differs from the file that was published; {_NEXT_STEP}")
    try:
        artefact = Artefact(
            manifest=manifest,
            taxonomy=Taxonomy.from_dict(json.loads((folder / TAXONOMY).read_bytes())),
            user_words=parse_user_words((folder / USER_WORDS).read_text(encoding="utf-8")),
            triage=TriageData(*((folder / name).read_bytes() for name in (SIGNALS, FACTS, LAW))),
            card=(folder / CARD).read_text(encoding="utf-8"),
            words=tuple((folder / WORDS).read_text(encoding="utf-8").split("\n")),
            char_index=np.load(folder / CHAR_INDEX, mmap_mode="r", allow_pickle=False),
            idf=np.load(folder / IDF, mmap_mode="r", allow_pickle=False),
            weights=np.load(folder / WEIGHTS, mmap_mode="r", allow_pickle=False),
            intercepts=np.load(folder / INTERCEPTS, mmap_mode="r", allow_pickle=False),
            golden=golden_from_dict(json.loads((folder / GOLDEN).read_bytes())),
            version=version_of(digest),
        )
    except (ValueError, TaxonomyError) as error:
        raise ArtefactFormatError(f"{folder}: {error}; {_NEXT_STEP}") from error
    _require_shapes(artefact, folder)
    return artefact


def load_manifest(folder: Path) -> Manifest:
    """Return the manifest of the model in `folder`, its own digest verified; the other files are not read.

    Raises
    ------
    ArtefactNotFoundError, ArtefactFormatError, ArtefactDigestError
        As `load_artefact` does.
    """
    return _load_manifest(folder)[0]


def version_of(digest: str) -> str:
    """Return the version that a manifest's digest gives a model."""
    return digest[:12]


def _load_manifest(folder: Path) -> tuple[Manifest, str]:
    path = folder / MANIFEST
    if not path.is_file():
        raise ArtefactNotFoundError(
            f"no model in {folder}: {MANIFEST} is missing; publish one with 'tipdesk train --publish'"
        )
    raw = path.read_bytes()
    try:
        record = json.loads(raw)
    except ValueError as error:
        raise ArtefactDigestError(f"{path} is not JSON any more; {_NEXT_STEP}") from error
    if not isinstance(record, dict) or record.get("format_version") != FORMAT_VERSION:
        found = record.get("format_version") if isinstance(record, dict) else None
        raise ArtefactFormatError(
            f"{path}: format version {found!r}, this tipdesk reads {FORMAT_VERSION}; train the model anew"
        )
    digest = record.pop("digest", None)
    if digest != hashlib.sha256(_to_json(record)).hexdigest() or raw != _to_json({**record, "digest": digest}):
        raise ArtefactDigestError(f"{path} differs from the manifest that was published; {_NEXT_STEP}")
    if set(record) != {f.name for f in fields(Manifest)} or set(record["files"]) != set(FILES):
        raise ArtefactFormatError(f"{path}: unexpected entries; {_NEXT_STEP}")
    try:
        policy = Policy(**record.pop("policy"))
        low, high = record.pop("char_ngrams")
        return Manifest(**record, policy=policy, char_ngrams=(int(low), int(high))), digest
    except (TypeError, ValueError) as error:
        raise ArtefactFormatError(f"{path}: {error}; {_NEXT_STEP}") from error


def _require_shapes(artefact: Artefact, folder: Path) -> None:
    n_desks, n_kinds = len(artefact.taxonomy.desks), len(artefact.taxonomy.kinds)
    n_features, n_outputs = artefact.idf.size, 2 * n_desks + n_kinds + 1
    expected: dict[str, tuple[NDArray[Any], type, tuple[int, ...]]] = {
        CHAR_INDEX: (artefact.char_index, np.uint64, (1 << max(artefact.char_index.size.bit_length() - 1, 1),)),
        IDF: (artefact.idf, np.float32, (n_features,)),
        WEIGHTS: (artefact.weights, np.float32, (n_features, n_columns(n_outputs))),
        INTERCEPTS: (artefact.intercepts, np.float32, (n_outputs,)),
    }
    for name, (array, dtype, shape) in expected.items():
        if array.dtype != dtype or array.shape != shape:
            raise ArtefactFormatError(
                f"{folder / name}: found {array.dtype} {array.shape}, expected {np.dtype(dtype)} {shape}; {_NEXT_STEP}"
            )
    n_grams, numbers = n_features - len(artefact.words), GramIndex(artefact.char_index).numbers()
    if numbers.size != n_grams or numbers.max(initial=-1) >= n_grams:
        raise ArtefactFormatError(
            f"{folder / CHAR_INDEX}: found {numbers.size} n-grams, expected {n_grams}; {_NEXT_STEP}"
        )
    policy, desks = artefact.manifest.policy, set(artefact.taxonomy.desk_ids)
    if set(policy.auto_thresholds) != desks or set(policy.precision_targets) != desks:
        raise ArtefactFormatError(f"{folder / MANIFEST}: thresholds for other desks than {TAXONOMY} has; {_NEXT_STEP}")


def _to_json(content: Mapping[str, Any]) -> bytes:
    """Return the one way in which tipdesk writes JSON into an artefact, so that equal content is equal bytes."""
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    with writing(path) as file:
        file.write(content)


def _sha256(path: Path) -> str:
    if not path.stat().st_size:  # nothing to map: a user dictionary without words, or what is left of a file
        return hashlib.sha256().hexdigest()
    # One call for the whole file, so that other threads run while it hashes.
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return hashlib.sha256(content).hexdigest()
