"""A cleaned copy is sound as far as a program can make it so, and the original stays."""

from pathlib import Path

import pytest

from model.errors import CorpusError
from model.taxonomy import Taxonomy
from tests.conftest import read_csv, write_csv
from training.check import check_texts, check_tips
from training.corpus import read_corpus
from training.mending import write_mended

HEADER = ["工号", "内容", "受理席", "联系方式"]
ROWS = [
    ["0012", "老板　欠薪，  三个月", "工资报酬", "13812345678"],
    ["2", "我的电话13812345678，工伤没人管", "injury", ""],
    ["3", "老板欠薪三个月！", "wages", ""],
    ["4", "", "wages", ""],
    ["5", "加班费一直不给".encode("gbk").decode("latin-1"), "工资报酬", ""],
    ["6", "���\ufffd\ufffd欠", "wages", ""],
    ["7", "年假不让休", "没有这个席", ""],
    ["8", "老板欠薪三个月", "劳动合同", ""],
    ["9"],
]


def test_what_is_certain_is_put_right(tmp_path: Path, taxonomy: Taxonomy) -> None:
    path = write_csv(tmp_path / "a.csv", HEADER, *ROWS)
    before = path.read_bytes()
    done = write_mended([path], tmp_path / "out", taxonomy)
    assert path.read_bytes() == before
    assert [(problem.row, problem.kind) for problem in done] == [
        (2, "tidied"),
        (2, "masked"),
        (3, "masked"),
        (4, "dropped"),
        (5, "dropped"),
        (6, "decoded"),
        (7, "dropped"),
        (10, "dropped"),
    ]
    assert {problem.severity for problem in done} == {"mended"}
    assert "a.csv 第 2 行" in done[3].message
    assert [list(row.values()) for row in read_csv(tmp_path / "out" / "a.csv")] == [
        ["0012", "老板 欠薪， 三个月", "工资报酬", "〔手机号〕"],
        ["2", "我的电话〔手机号〕，工伤没人管", "injury", ""],
        ["5", "加班费一直不给", "工资报酬", ""],
        ["7", "年假不让休", "没有这个席", ""],
        ["8", "老板欠薪三个月", "劳动合同", ""],
    ]


def test_only_what_a_person_must_decide_is_left(tmp_path: Path, taxonomy: Taxonomy) -> None:
    write_mended([write_csv(tmp_path / "a.csv", HEADER, *ROWS)], tmp_path / "out", taxonomy)
    tips, problems = read_corpus([tmp_path / "out"], taxonomy)
    problems += [*check_tips(tips, taxonomy), *check_texts(tips)]
    assert {problem.kind for problem in problems} == {"unknown_desk", "conflicting_desk", "rare_desk"}


def test_the_same_row_of_two_files_is_kept_once(tmp_path: Path, taxonomy: Taxonomy) -> None:
    paths = [write_csv(tmp_path / name, HEADER, ROWS[2]) for name in ("a.csv", "b.csv")]
    (dropped,) = write_mended(paths, tmp_path / "out", taxonomy)
    assert (dropped.file, dropped.row) == (str(paths[1]), 2)
    assert [len(read_csv(tmp_path / "out" / name)) for name in ("a.csv", "b.csv")] == [1, 0]


def test_originals_and_other_copies_are_never_replaced(tmp_path: Path, taxonomy: Taxonomy) -> None:
    path = write_csv(tmp_path / "a.csv", HEADER, ROWS[0])
    (tmp_path / "other").mkdir()
    twin = write_csv(tmp_path / "other" / "a.csv", HEADER, ROWS[0])
    for paths, folder in (([path], tmp_path), ([path, twin], tmp_path / "out")):
        with pytest.raises(CorpusError, match="name another folder") as caught:
            write_mended(paths, folder, taxonomy)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()
