"""A folder in which one byte differs is refused, and loading runs no code."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model import artefact as artefact_module
from model.artefact import CHAR_INDEX, FILES, FORMAT_VERSION, MANIFEST, WEIGHTS, Artefact, load_artefact, save_artefact
from model.errors import ArtefactDigestError, ArtefactError, ArtefactFormatError, ArtefactNotFoundError
from model.router import Router

ALL_FILES = (*FILES, MANIFEST)


@pytest.fixture
def folder(artefact: Artefact, tmp_path: Path) -> Path:
    save_artefact(artefact, tmp_path)
    return tmp_path


def test_round_trip(artefact: Artefact, folder: Path) -> None:
    loaded = load_artefact(folder)
    assert loaded.taxonomy == artefact.taxonomy
    assert loaded.words == artefact.words
    assert loaded.user_words == artefact.user_words
    assert loaded.card == artefact.card
    assert loaded.manifest == replace(artefact.manifest, files=loaded.manifest.files)
    np.testing.assert_array_equal(loaded.weights, artefact.weights)
    np.testing.assert_array_equal(loaded.char_index, artefact.char_index)


def test_weights_are_memory_mapped_read_only(folder: Path) -> None:
    weights = load_artefact(folder).weights
    assert isinstance(weights, np.memmap)
    assert not weights.flags.writeable


def test_the_same_model_has_the_same_version(artefact: Artefact, tmp_path: Path) -> None:
    versions = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        versions.add(save_artefact(artefact, tmp_path / name))
    assert len(versions) == 1


@pytest.mark.parametrize("name", ALL_FILES)
def test_a_missing_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ArtefactError, match=name):
        Router.load(folder)


@pytest.mark.parametrize("name", ALL_FILES)
@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 0.999])
def test_a_flipped_bit_is_refused(folder: Path, name: str, place: float) -> None:
    content = bytearray((folder / name).read_bytes())
    content[int(place * len(content))] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ArtefactError) as caught:
        Router.load(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ALL_FILES)
@pytest.mark.parametrize("change", [b" ", b"\n", b"\x00"])
def test_an_added_byte_is_refused(folder: Path, name: str, change: bytes) -> None:
    with (folder / name).open("ab") as file:
        file.write(change)
    with pytest.raises(ArtefactDigestError):
        Router.load(folder)


@pytest.mark.parametrize("name", ALL_FILES)
def test_a_truncated_file_is_refused(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ArtefactError):
        Router.load(folder)


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5, 6, 99])
def test_another_format_version_is_refused(artefact: Artefact, tmp_path: Path, version: int) -> None:
    """What was otherwise.

    1 counted the opening once, 2 listed n-grams, 3 had no card, 4 no golden answers, 5 no score of urgency, and 6 less
    words of head-counts.
    """
    save_artefact(replace(artefact, manifest=replace(artefact.manifest, format_version=version)), tmp_path)
    with pytest.raises(ArtefactFormatError, match=f"format version {version}, this tipdesk reads {FORMAT_VERSION}"):
        Router.load(tmp_path)


def test_the_card_says_what_the_manifest_does(artefact: Artefact, folder: Path) -> None:
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    manifest = artefact.manifest
    for fact in (manifest.corpus["sha256"], manifest.calibration, f"{manifest.metrics['accuracy']:.4f}"):
        assert fact in card
    for desk in artefact.taxonomy.desks:
        assert f"| {desk.name} |" in card
    assert str(folder) not in card


def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ArtefactNotFoundError, match="tipdesk train"):
        Router.load(tmp_path)


def test_a_manifest_that_names_other_files_is_refused(folder: Path) -> None:
    """A manifest whose digest is right may still be hostile: only the known files are ever opened."""
    record = json.loads((folder / MANIFEST).read_bytes())
    del record["digest"]
    record["files"]["../../etc/passwd"] = record["files"].pop(WEIGHTS)
    rewrite_manifest(folder, record)
    with pytest.raises(ArtefactFormatError, match="unexpected entries"):
        Router.load(folder)


@pytest.mark.parametrize(
    "array",
    [np.zeros((3, 3), np.float32), np.zeros(7, np.float64), np.array([{"a": 1}], dtype=object)],
    ids=["shape", "dtype", "pickled object"],
)
def test_arrays_that_do_not_fit_are_refused(folder: Path, array: np.ndarray) -> None:
    np.save(folder / WEIGHTS, array, allow_pickle=True)
    record = json.loads((folder / MANIFEST).read_bytes())
    del record["digest"]
    record["files"][WEIGHTS] = artefact_module._sha256(folder / WEIGHTS)
    rewrite_manifest(folder, record)
    with pytest.raises(ArtefactFormatError):
        Router.load(folder)


def test_files_of_two_models_do_not_mix(
    folder: Path, artefact: Artefact, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    save_artefact(replace(artefact, char_index=artefact.char_index ^ np.uint64(1 << 50)), other)
    shutil.copy(other / CHAR_INDEX, folder / CHAR_INDEX)
    with pytest.raises(ArtefactDigestError, match=CHAR_INDEX):
        Router.load(folder)


def rewrite_manifest(folder: Path, record: dict[str, object]) -> None:
    """Write a manifest with a right digest, as somebody would who knows the format."""
    import hashlib

    digest = hashlib.sha256(artefact_module._to_json(record)).hexdigest()
    (folder / MANIFEST).write_bytes(artefact_module._to_json({**record, "digest": digest}))
