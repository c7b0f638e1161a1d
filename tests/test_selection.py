"""What is picked for a label."""

import numpy as np

from training.selection import Cases, select


def cases(
    proba: list[list[float]],
    texts: list[str] | None = None,
    confirmed: list[int | None] | None = None,
    suggested: list[int | None] | None = None,
) -> Cases:
    n = len(proba)
    different = [chr(0x4E00 + 40 * i) + "".join(chr(0x5000 + 97 * i + j) for j in range(30)) for i in range(n)]
    return Cases(
        texts or different, np.array(proba), confirmed or [None] * n, suggested or [None] * n, sure_from=[0.9, 0.9, 0.9]
    )


def test_the_closest_call_comes_first() -> None:
    picks = select(cases([[0.9, 0.1, 0.0], [0.4, 0.35, 0.25], [0.5, 0.49, 0.01]]), 2)
    assert [pick.index for pick in picks] == [2, 1]


def test_of_twins_one_is_picked() -> None:
    letter = "我在一家做纸箱的厂里干了半年，老板拖欠我们三个月工资，一共{}万元，去找他就躲，请帮忙处理一下"
    texts = [*map(letter.format, "二三四"), "工伤怎么认定"]
    picks = select(cases([[0.5, 0.5, 0.0]] * 3 + [[0.9, 0.1, 0.0]], texts), 3)
    assert sorted(pick.index for pick in picks) == [0, 3]


def test_a_desk_that_the_model_surely_contradicts_comes_first() -> None:
    picks = select(cases([[0.5, 0.5, 0.0], [0.95, 0.05, 0.0]], confirmed=[None, 1]), 8)
    assert [(pick.index, pick.why) for pick in picks] == [(1, "mislabelled"), (0, "uncertain")]


def test_an_unsure_contradiction_is_no_suspicion() -> None:
    assert select(cases([[0.8, 0.2, 0.0]], confirmed=[1]), 5) == []


def test_overrides_are_looked_at_again_and_confirmations_are_not() -> None:
    picks = select(cases([[0.6, 0.4, 0.0]] * 2, confirmed=[1, 1], suggested=[0, 1]), 5)
    assert [(pick.index, pick.why) for pick in picks] == [(0, "overridden")]


def test_confirmed_tips_leave_half_the_places_to_new_ones() -> None:
    proba = [[0.95, 0.05, 0.0]] * 10 + [[0.5, 0.5, 0.0]] * 10
    whys = [pick.why for pick in select(cases(proba, confirmed=[1] * 10 + [None] * 10), 8)]
    assert whys.count("mislabelled") == 2
    assert whys.count("uncertain") == 6


def test_places_left_free_are_filled() -> None:
    proba = [[0.95, 0.05, 0.0]] * 10 + [[0.5, 0.5, 0.0]] * 2
    picks = select(cases(proba, confirmed=[1] * 10 + [None] * 2), 8)
    assert len(picks) == len({pick.index for pick in picks}) == 8
