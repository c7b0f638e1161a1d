"""The desks are data, and bad data is refused with every reason at once."""

from pathlib import Path
from typing import Any

import pytest

from model.errors import TaxonomyError
from model.taxonomy import Taxonomy
from tests.conftest import DATA
from training.corpus import read_taxonomy


def test_shipped_desks_load(taxonomy: Taxonomy) -> None:
    assert len(taxonomy.desks) == 13
    assert len(taxonomy.kinds) == 5
    assert [desk.id for desk in taxonomy.desks if not desk.labour] == ["other"]


def test_round_trip(taxonomy: Taxonomy) -> None:
    import json

    assert Taxonomy.from_dict(json.loads(json.dumps(taxonomy.to_dict()))) == taxonomy


def test_all_faults_are_named_at_once(taxonomy: Taxonomy) -> None:
    content = taxonomy.to_dict()
    desks: list[dict[str, Any]] = [{**desk, "questions": list(desk["questions"])} for desk in content["desks"]]
    desks = [{**d, "legal_basis": list(d["legal_basis"])} for d in desks]
    desks[0]["id"] = desks[1]["id"]
    del desks[2]["name"]
    desks[3]["time_limit_days"] = True
    desks[4]["colour"] = "red"
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_dict({"kinds": content["kinds"], "desks": desks, "answers": {"date": ["几点了？"]}})
    message = str(caught.value)
    for part in (
        "there twice",
        "no desk asks '几点了？'",
        "desk 3 lacks name",
        "desk 4: time_limit_days",
        "desk 5 has unknown colour",
    ):
        assert part in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "content",
    [None, [], {"desks": []}, {"desks": [], "kinds": [], "answers": {}}, {"desks": [1], "kinds": [2], "answers": 3}],
)
def test_no_taxonomy_at_all_is_refused(content: object) -> None:
    with pytest.raises(TaxonomyError):
        Taxonomy.from_dict(content)


def test_missing_or_broken_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="missing"):
        read_taxonomy(tmp_path / "desks.yaml")
    (tmp_path / "desks.yaml").write_text("desks: [\n  a: b: c", encoding="utf-8")
    with pytest.raises(TaxonomyError) as caught:
        read_taxonomy(tmp_path / "desks.yaml")
    assert "\n" not in str(caught.value)


def test_yaml_runs_no_code(tmp_path: Path) -> None:
    (tmp_path / "desks.yaml").write_text("!!python/object/apply:os.system [true]", encoding="utf-8")
    with pytest.raises(TaxonomyError):
        read_taxonomy(tmp_path / "desks.yaml")


def test_the_order_of_kinds_is_the_order_of_precedence() -> None:
    assert read_taxonomy(DATA / "desks.yaml").kind_ids == ("legal_aid", "help", "consult", "complaint", "suggestion")
