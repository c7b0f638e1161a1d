"""Texts that were decoded wrongly are found, and put right only where it is certain what stood there."""

import pytest

from training.corpus import Tip
from training.damage import find_damage, tidy, undo_misreading

TEXT = "老板拖欠我们三个月工资，一共12个人，找他就躲"


@pytest.mark.parametrize(
    ("encoding", "misread_by"), [("utf-8", "latin-1"), ("gbk", "latin-1"), ("gbk", "cp1252")], ids=str
)
def test_a_misreading_without_loss_is_undone(encoding: str, misread_by: str) -> None:
    garbled = TEXT.encode(encoding).decode(misread_by)
    (damage,) = find_damage(garbled)
    assert (damage.kind, damage.severity) == ("mojibake", "error")
    assert undo_misreading(garbled) == TEXT


def test_utf_8_read_as_gbk_is_undone_where_nothing_was_lost() -> None:
    assert undo_misreading("工资拖欠".encode().decode("gb18030")) == "工资拖欠"
    garbled = TEXT.encode().decode("gb18030", "replace")
    assert [damage.kind for damage in find_damage(garbled)] == ["mojibake"]
    assert undo_misreading(garbled) is None


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("老板拖欠我们三个月的工\ufffd不给，打电话也不接", "warning"),
        (TEXT.encode("gbk").decode("utf-8", "replace"), "error"),
        ("欠锟斤拷锟斤拷薪", "error"),
        ("????? ???", "error"),
    ],
)
def test_lost_characters(text: str, severity: str) -> None:
    (damage,) = find_damage(text)
    assert (damage.kind, damage.severity) == ("lost_characters", severity)
    assert undo_misreading(text) is None


@pytest.mark.parametrize("text", ["欠\x00薪", "欠\ud800薪", "欠\u202e薪"], ids=ascii)
def test_control_characters(text: str) -> None:
    assert [(damage.kind, damage.severity) for damage in find_damage(text)] == [("control_characters", "warning")]
    assert tidy(text) == "欠薪"


@pytest.mark.parametrize(
    "text", ["", "联通", "café", "hello", "😀👍", "老闆拖欠薪資", "多少钱???", "３０℃±１°的高温", "€200/天", "Ёж"]
)
def test_sound_texts_are_left_alone(text: str) -> None:
    assert find_damage(text) == []
    assert undo_misreading(text) is None


def test_no_tip_of_the_corpus_looks_damaged(corpus: list[Tip]) -> None:
    assert not [tip for tip in corpus[::10] if find_damage(tip.text) or undo_misreading(tip.text)]


def test_tidying_keeps_lines_and_marks() -> None:
    assert tidy(" ＡＢ１２，老板　　欠薪\r\n\r\n 三个月 ") == "AB12，老板 欠薪\n三个月"
