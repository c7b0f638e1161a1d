"""Personal data is found in the ways people write it, goes for good or comes back, and other numbers stay."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.personal import LABELS, MASKED_KINDS, Pseudonyms, find_personal, mask, redact
from model.text import normalise

ID = "11010519491231002X"  # the example of GB 11643
CARD = "6222021234567890128"  # passes Luhn
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
PIECES = st.lists(
    st.sampled_from(
        [*"0138 -一幺零x@.", ID, "13800001111", "我叫", "王小明", "微信号", "京A12345", "〔手机号1〕", "\n", "㎡"]
    ),
    max_size=14,
).map("".join)


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("id_card", ID),
        ("id_card", "110105 19491231 002x"),
        ("id_card", "１１０１０５１９４９１２３１００２Ｘ"),
        ("id_card", "一一零一零五一九四九一二三一零零二x"),
        ("id_card", "110105194912310028"),  # mistyped: region and date of birth are plausible, the checksum is wrong
        ("mobile", "13800001111"),
        ("mobile", "138 0000 1111"),
        ("mobile", "138-0000-1111"),
        ("mobile", "1380-0138-000"),
        ("mobile", "1 3 8 0 0 0 0 1 1 1 1"),
        ("mobile", "+86 13800001111"),
        ("mobile", "一三五 八八八八 六六六六"),
        ("mobile", "幺三八零零零零幺幺幺幺"),
        ("landline", "0898-66660000"),
        ("landline", "（010）66660000"),
        ("bank_card", CARD),
        ("bank_card", "6222 0212 3456 7890 128"),
        ("passport", "E12345678"),
        ("plate", "京A12345"),
        ("plate", "粤B·D12345"),
        ("email", "zhang.san@example.com"),
    ],
)
def test_a_datum_is_recognised_without_a_cue(kind: str, written: str) -> None:
    assert redact(f"欠薪三个月，{written}，请处理") == f"欠薪三个月，〔{LABELS[kind]}〕，请处理"


@pytest.mark.parametrize(
    ("before", "kind", "written", "after"),
    [
        ("身份证号：", "id_card", "110105491231002", ""),  # fifteen figures, as until 1999
        ("身份证号是", "id_card", "999999999999999999", "。"),  # neither region nor date: the cue says what it is
        ("卡号", "bank_card", "6222 0212 3456 7890 129", "，"),  # fails Luhn
        ("联系电话", "landline", "66660000", "，"),
        ("通行证", "passport", "C12345678", ""),
        ("我的微信号是", "wechat", "gongyou", "，"),
        ("加我微信", "wechat", "zs_123456", "聊"),
        ("加我QQ", "qq", "12345678", "。"),
        ("联系人", "name", "张某某", "，"),
        ("我叫", "name", "王小明", "在工地干活"),
        ("姓名：", "name", "欧阳娜娜", "，女"),
        ("本人", "name", "李某", "于2019年入职"),
        ("我叫", "name", "阿依古丽·买买提", "，"),
    ],
)
def test_a_datum_is_recognised_behind_its_cue(before: str, kind: str, written: str, after: str) -> None:
    assert redact(before + written + after) == f"{before}〔{LABELS[kind]}〕{after}"


@pytest.mark.parametrize(
    "harmless",
    [
        "订单号202312051234567890",
        "合同编号：6222021234567890128",
        "运单号 753412345678901",
        "工单号30260917440213，2018-01-05 12:34:56",
        "月薪4500-6000元，补贴1500-2000 500元，共计35000000.50元",
        "打了12345、12351，又打400-820-8820",
        "二零一八年三月到二零二三年一月，一共一百三十五人",
        "微信群里说，qq群也退了，微信转账50000元",
        "我叫他来，老板叫我走",
        "本人于2019年入职，本人申请工伤，我是农民工，负责人高度重视",
        "联系人王女士，老板叫李师傅来",
    ],
)
def test_what_is_nobodys_stays(harmless: str) -> None:
    assert redact(harmless) == harmless


def test_numbers_that_run_together_are_both_found() -> None:
    assert redact(f"{ID}13800001111") == "〔身份证号〕〔手机号〕"


def test_a_word_behind_a_spoken_number_stays() -> None:
    assert redact("幺三八零零零零幺幺幺幺一直打不通") == "〔手机号〕一直打不通"


def test_what_surrounds_a_datum_stays_as_received() -> None:
    """Spans lead back over characters that normalising drops, folds or lengthens."""
    assert (
        redact("１２㎡的房\u200b子，電話：１３８\u200b００００１１１１！") == "１２㎡的房\u200b子，電話：〔手机号〕！"
    )


def test_features_are_masked_but_for_names() -> None:
    assert mask("我叫王小明,电话13800001111,微信号是gongyou") == "我叫王小明,电话***********,微信号是*******"
    assert set(LABELS) - MASKED_KINDS == {"name"}


@given(st.lists(ANY_TEXT | PIECES, min_size=1, max_size=5))
def test_a_batch_is_masked_as_its_lines_are(texts: list[str]) -> None:
    lines = [normalise(text) for text in texts]
    assert mask("\n".join(lines)).split("\n") == [mask(line) for line in lines]


def test_a_number_does_not_reach_across_lines() -> None:
    assert mask("138\n00001111") == "138\n00001111"


@given(ANY_TEXT | PIECES)
def test_spans_are_in_order_and_apart(text: str) -> None:
    text = normalise(text)
    bounds = [bound for datum in find_personal(text) for bound in (datum.start, datum.end)]
    assert bounds == sorted(bounds)
    assert all(datum.start < datum.end <= len(text) and datum.kind in LABELS for datum in find_personal(text))


@given(st.lists(ANY_TEXT | PIECES, min_size=1, max_size=3))
def test_what_is_hidden_comes_back(texts: list[str]) -> None:
    pseudonyms = Pseudonyms()
    hidden = [pseudonyms.hide(text) for text in texts]
    assert [pseudonyms.reveal(text) for text in hidden] == texts


def test_the_same_datum_has_the_same_pseudonym() -> None:
    pseudonyms = Pseudonyms()
    assert pseudonyms.hide("打13800001111或13900002222") == "打〔手机号1〕或〔手机号2〕"
    assert pseudonyms.hide("就是13900002222") == "就是〔手机号2〕"
    assert pseudonyms.hide("写成139 0000 2222") == "写成〔手机号2-2〕"


def test_a_text_cannot_call_up_what_another_held() -> None:
    pseudonyms = Pseudonyms()
    pseudonyms.hide("电话13800001111")
    planted = "请把〔手机号1〕告诉我"
    assert "13800001111" not in pseudonyms.reveal(pseudonyms.hide(planted))


def test_pseudonyms_do_not_leave_memory() -> None:
    pseudonyms = Pseudonyms()
    pseudonyms.hide("电话13800001111")
    assert "1380" not in repr(pseudonyms)
    for leave in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="memory"):
            leave(pseudonyms)
