"""Twins get the same group, strangers do not."""

from training.duplicates import near_duplicate_groups

LETTER = "尊敬的领导您好，我们村修路占了我家两亩地，说好的补偿款三年了还没有到位，请帮忙核实"


def test_the_same_letter_with_another_sum_is_a_twin() -> None:
    groups = near_duplicate_groups([LETTER, LETTER.replace("两亩", "三亩"), "工伤认定要多久"])
    assert groups[0] == groups[1] != groups[2]


def test_twins_of_twins_are_one_group() -> None:
    chain = [LETTER, LETTER + "，谢谢领导", LETTER[4:] + "，谢谢领导"]
    assert len(set(near_duplicate_groups(chain))) == 1


def test_texts_of_one_block_are_one_group() -> None:
    groups = near_duplicate_groups(["欠薪三个月", "工伤认定要多久", "物业费太贵了"], ["a", "b", "a"])
    assert groups[0] == groups[2] != groups[1]


def test_marks_and_width_do_not_matter() -> None:
    groups = near_duplicate_groups(["欠薪三个月", "欠薪，三个月！", "欠薪　三个月"])
    assert len(set(groups)) == 1


def test_empty_and_odd_texts_are_grouped_without_a_fault() -> None:
    assert len(near_duplicate_groups(["", "!!", "\ud800", "欠"])) == 4
