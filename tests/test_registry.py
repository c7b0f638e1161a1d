"""Versions are immutable, names change in one step, and a damaged model is never promoted."""

import resource
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from model.artefact import FILES, MANIFEST, WEIGHTS, Artefact
from model.errors import ArtefactDigestError, ArtefactError, ArtefactFormatError, ArtefactNotFoundError
from model.registry import Registry


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.of_home(tmp_path)


@pytest.fixture
def two(registry: Registry, artefact: Artefact) -> tuple[str, str]:
    other = replace(artefact, manifest=replace(artefact.manifest, metrics={**artefact.manifest.metrics, "n": 1}))
    return registry.add(artefact), registry.add(other)


def test_an_empty_registry_says_how_to_fill_it(registry: Registry) -> None:
    assert registry.versions() == []
    with pytest.raises(ArtefactNotFoundError, match="tipdesk train --publish"):
        registry.path("champion")


def test_the_same_model_is_added_once(registry: Registry, artefact: Artefact) -> None:
    assert registry.add(artefact) == registry.add(artefact)
    assert len(registry.versions()) == 1
    assert not list(registry.folder.glob("versions/.*"))


def test_promotion_and_going_back(registry: Registry, two: tuple[str, str]) -> None:
    first, second = two
    registry.promote(first)
    registry.challenge(second)
    assert registry.aliases() == {"champion": first, "challenger": second}
    registry.promote("challenger")
    assert registry.aliases() == {"champion": second, "previous": first}
    assert registry.roll_back() == first
    assert registry.aliases() == {"champion": first, "previous": second}


def test_promoting_the_champion_again_keeps_the_previous(registry: Registry, two: tuple[str, str]) -> None:
    first, second = two
    registry.promote(first)
    registry.promote(second)
    registry.promote(second)
    assert registry.aliases() == {"champion": second, "previous": first}


def test_nothing_to_go_back_to(registry: Registry, two: tuple[str, str]) -> None:
    registry.promote(two[0])
    with pytest.raises(ArtefactNotFoundError, match="previous"):
        registry.roll_back()


def test_a_damaged_version_is_not_promoted(registry: Registry, two: tuple[str, str]) -> None:
    first, second = two
    registry.promote(first)
    with (registry.path(second) / WEIGHTS).open("ab") as file:
        file.write(b"x")
    with pytest.raises(ArtefactDigestError):
        registry.promote(second)
    assert registry.aliases() == {"champion": first}


def test_an_unknown_name_is_answered_with_the_known_ones(registry: Registry, two: tuple[str, str]) -> None:
    with pytest.raises(ArtefactNotFoundError, match=two[0]):
        registry.path("nonsense")


@pytest.mark.parametrize("name", ["../..", "/etc", ".", ""])
def test_a_name_never_leads_out_of_the_registry(registry: Registry, artefact: Artefact, name: str) -> None:
    registry.add(artefact)
    with pytest.raises(ArtefactNotFoundError):
        registry.path(name)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"champion": 3}', '{"king": "x"}'])
def test_a_damaged_aliases_file_is_one_line(registry: Registry, two: tuple[str, str], content: str) -> None:
    (registry.folder / "aliases.json").write_text(content, encoding="utf-8")
    with pytest.raises(ArtefactFormatError, match="promote"):
        registry.path(two[0])


def test_half_a_version_is_no_version(registry: Registry, artefact: Artefact) -> None:
    registry.add(artefact)
    (registry.folder / "versions" / "half").mkdir()
    assert "half" not in registry.versions()


def test_each_change_of_the_champion_is_recorded(registry: Registry, two: tuple[str, str]) -> None:
    first, second = two
    registry.promote(first)
    registry.promote(second, why="更准")
    registry.promote(second)
    registry.roll_back()
    changes = [(r["action"], r["from"], r["to"], r["why"]) for r in registry.history()]
    assert changes == [
        ("promote", None, first, None),
        ("promote", first, second, "更准"),
        ("rollback", second, first, None),
    ]
    assert all(record["who"] and record["at"].endswith("+00:00") for record in registry.history())


def test_a_damaged_history_is_one_line_and_stops_nobody(registry: Registry, two: tuple[str, str]) -> None:
    registry.promote(two[0])
    with (registry.folder / "history.jsonl").open("a", encoding="utf-8") as file:
        file.write("3\n")
    with pytest.raises(ArtefactFormatError, match="line 2"):
        registry.history()
    registry.promote(two[1])
    assert registry.aliases()["champion"] == two[1]


def test_a_champion_that_is_gone_is_named_with_the_way_out(registry: Registry, two: tuple[str, str]) -> None:
    first, second = two
    registry.promote(first)
    registry.promote(second)
    shutil.rmtree(registry.path(second))
    with pytest.raises(ArtefactNotFoundError, match=rf"{second} \(champion\) is gone .* {first}"):
        registry.path("champion")
    assert registry.roll_back() == first
    shutil.rmtree(registry.path(first))
    with pytest.raises(ArtefactNotFoundError, match="train anew"):
        registry.path("champion")


@pytest.mark.parametrize("name", sorted({*FILES, MANIFEST}))
def test_a_file_that_is_missing_or_empty_is_one_line(registry: Registry, artefact: Artefact, name: str) -> None:
    folder = registry.path(registry.add(artefact))
    (folder / name).write_bytes(b"")
    with pytest.raises(ArtefactError):
        registry.promote(folder.name)
    (folder / name).unlink()
    with pytest.raises(ArtefactError):
        registry.promote(folder.name)
    assert registry.aliases() == {}


@pytest.mark.parametrize("name", [WEIGHTS, MANIFEST])
def test_to_train_the_same_model_anew_mends_a_damaged_version(
    registry: Registry, artefact: Artefact, name: str
) -> None:
    version = registry.add(artefact)
    (registry.path(version) / name).unlink()
    assert registry.add(artefact) == version
    assert registry.promote(version) == version


def test_a_model_without_user_words_is_a_model(registry: Registry, artefact: Artefact) -> None:
    assert registry.promote(registry.add(replace(artefact, user_words=())))


def test_the_next_writer_clears_away_what_a_killed_one_left(registry: Registry, artefact: Artefact) -> None:
    left = registry.folder / "versions" / ".staging"
    left.mkdir(parents=True)
    (left / WEIGHTS).write_bytes(b"half")
    version = registry.add(artefact)
    assert not left.exists()
    assert {path.name for path in registry.path(version).iterdir()} == {*FILES, MANIFEST}


def test_writers_at_once_take_turns(registry: Registry, artefact: Artefact) -> None:
    def write(n: int) -> str:
        other = replace(artefact, manifest=replace(artefact.manifest, metrics={**artefact.manifest.metrics, "n": n}))
        version = registry.add(other)
        registry.challenge(version)
        return registry.promote(version)

    with ThreadPoolExecutor(4) as threads:
        versions = set(threads.map(write, range(8)))
    assert set(registry.versions()) == versions
    assert registry.aliases()["champion"] == registry.history()[-1]["to"]
    assert len(registry.history()) == 8


@pytest.mark.parametrize("n_bytes", [0, 100, 100_000])
def test_a_disk_that_takes_no_more_leaves_the_champion_as_it_was(
    registry: Registry, two: tuple[str, str], artefact: Artefact, n_bytes: int
) -> None:
    """No file may grow beyond a limit: writing fails in the middle, as on a full disk."""
    first, second = two
    registry.promote(first)
    before = {path: path.read_bytes() for path in registry.folder.rglob("*") if path.is_file()}
    other = replace(artefact, manifest=replace(artefact.manifest, metrics={**artefact.manifest.metrics, "n": 2}))
    with files_end_at(n_bytes), pytest.raises(ArtefactError, match="champion is as it was"):
        registry.add(other)
    if n_bytes <= 100:
        with files_end_at(n_bytes), pytest.raises(ArtefactError, match="champion is as it was"):
            registry.promote(second)
    assert {path: path.read_bytes() for path in registry.folder.rglob("*") if path.is_file()} == before


@contextmanager
def files_end_at(n_bytes: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
