"""Versions are immutable, names change in one step, and a damaged model is never promoted."""

from dataclasses import replace
from pathlib import Path

import pytest

from model.artefact import WEIGHTS, Artefact
from model.errors import ArtefactDigestError, ArtefactFormatError, ArtefactNotFoundError
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
