"""What is wrong between tips, and how alike they are."""

from dataclasses import replace

from model.artefact import Artefact
from model.taxonomy import Taxonomy
from training.check import check_leaks, check_likeness, check_texts, check_tips, summarise
from training.corpus import Tip
from training.duplicates import near_duplicate_groups
from training.labelerrors import checkable_desks, find_label_errors
from training.likeness import drifted_shares, unfamiliar_files

LETTER = "尊敬的领导您好，我们村修路占了我家两亩地，说好的补偿款三年了还没有到位，请帮忙核实"


def kinds_of(tips: list[Tip], taxonomy: Taxonomy) -> list[tuple[str, str, int]]:
    return [(p.kind, p.severity, p.row) for p in check_tips(tips, taxonomy)]


def test_the_shipped_corpus_is_sound(corpus: list[Tip], taxonomy: Taxonomy) -> None:
    assert check_tips(corpus, taxonomy) == []


def test_the_same_text_with_two_desks_is_an_error(small_corpus: list[Tip], taxonomy: Taxonomy) -> None:
    first = small_corpus[0]
    desk = next(desk for desk in taxonomy.desk_ids if desk != first.desk)
    twin = replace(first, id="twin", row=9999, desk=desk, text=first.text + "!!")
    assert kinds_of([*small_corpus, twin], taxonomy) == [("conflicting_desk", "error", 9999)]


def test_the_same_text_with_the_same_desk_is_a_warning(small_corpus: list[Tip], taxonomy: Taxonomy) -> None:
    twin = replace(small_corpus[0], id="twin", row=9999)
    assert kinds_of([*small_corpus, twin], taxonomy) == [("duplicate_text", "warning", 9999)]


def test_an_id_used_twice_is_an_error(small_corpus: list[Tip], taxonomy: Taxonomy) -> None:
    other = replace(small_corpus[0], text="完全不同的一句话", row=9999)
    assert kinds_of([*small_corpus, other], taxonomy) == [("duplicate_id", "error", 9999)]


def test_a_desk_with_too_few_tips_is_an_error(small_corpus: list[Tip], taxonomy: Taxonomy) -> None:
    tips = [tip for tip in small_corpus if tip.desk != taxonomy.desk_ids[0]]
    (problem,) = check_tips(tips, taxonomy)
    assert (problem.kind, problem.severity) == ("rare_desk", "error")
    assert taxonomy.desk_ids[0] in problem.message


def likeness_of(tips: list[Tip], taxonomy: Taxonomy) -> list[tuple[str, int]]:
    groups = near_duplicate_groups([tip.text for tip in tips])
    return [(problem.kind, problem.row) for problem in check_likeness(tips, groups, taxonomy)]


def test_nearly_the_same_text_is_told_from_the_same(small_corpus: list[Tip], taxonomy: Taxonomy) -> None:
    first = replace(small_corpus[0], text=LETTER, row=1, desk="other")
    same = replace(first, text=LETTER + "！！", row=2)
    near = replace(first, text=LETTER.replace("两亩", "三亩"), row=3)
    elsewhere = replace(first, text=LETTER.replace("两亩", "四亩"), row=4, desk="wages")
    assert likeness_of([first, same, near, elsewhere], taxonomy) == [("near_duplicate", 3), ("near_conflict", 4)]


def test_a_tip_that_stands_in_the_evaluation_data_is_an_error(small_corpus: list[Tip]) -> None:
    held_out = [*small_corpus[:5], replace(small_corpus[0], text=LETTER, file="dev.csv", row=7)]
    tips = [*small_corpus[5:], replace(small_corpus[0], text=LETTER + "，谢谢", row=9999)]
    groups = near_duplicate_groups([tip.text for tip in [*tips, *held_out]])
    (leak,) = check_leaks(tips, held_out, groups)
    assert (leak.kind, leak.severity, leak.row) == ("leak", "error", 9999)
    assert "dev.csv 第 7 行" in leak.message


def test_personal_data_is_counted_and_not_quoted(small_corpus: list[Tip]) -> None:
    tip = replace(small_corpus[0], text="老板欠薪，我的电话是13812345678，他的是13987654321")
    (problem,) = check_texts([tip])
    assert (problem.kind, problem.severity) == ("personal_data", "warning")
    assert "手机号 2 处" in problem.message
    assert "138" not in problem.message


def test_shares_drift_only_beyond_chance(small_corpus: list[Tip], taxonomy: Taxonomy) -> None:
    even = dict.fromkeys(taxonomy.desk_ids, 1 / len(taxonomy.desks))
    assert drifted_shares(small_corpus, taxonomy, even) == []
    assert drifted_shares(small_corpus[:3], taxonomy, even) == []
    half = [tip for tip in small_corpus if tip.desk in taxonomy.desk_ids[:6]]
    (problem,) = drifted_shares(half, taxonomy, even)
    assert (problem.kind, problem.severity) == ("drifted_shares", "warning")


def test_a_file_that_holds_something_else_is_unfamiliar(small_corpus: list[Tip], artefact: Artefact) -> None:
    film = replace(small_corpus[0], file="film.csv", text="科幻片特效震撼，配乐惊艳，镜头语言细腻，剪辑节奏明快")
    known = replace(small_corpus[0], text="，".join(artefact.words[-50:]))
    assert [problem.file for problem in unfamiliar_files([known, film], artefact)] == ["film.csv"]


def test_a_wrong_desk_is_found_and_few_right_ones_are_doubted(
    corpus: list[Tip], taxonomy: Taxonomy, words: list[str]
) -> None:
    desks = ["wages", "insurance", "women", "other"]
    tips = [tip for desk in desks for tip in [tip for tip in corpus if tip.desk == desk][:250]]
    wrong = set(range(0, len(tips), 50))
    planted = [
        replace(tip, desk=desks[(desks.index(tip.desk) + 1) % 4], also=()) if n in wrong else tip
        for n, tip in enumerate(tips)
    ]
    errors = find_label_errors(planted, taxonomy, words, desks)
    found = {error.number for error in errors}
    assert len(found & wrong) > len(wrong) / 2
    assert len(found) < 3 * len(wrong)
    assert [error.proba for error in errors] == sorted(error.proba for error in errors)
    assert {planted[error.number].desk for error in errors if error.likelier == planted[error.number].desk} == set()


def test_labels_are_checked_where_there_is_enough_to_learn_from(small_corpus: list[Tip], taxonomy: Taxonomy) -> None:
    numbers = list(range(len(small_corpus)))
    assert checkable_desks(small_corpus, taxonomy, numbers) == list(taxonomy.desk_ids)
    rare = [tip for tip in small_corpus if tip.desk != "gig"] + [tip for tip in small_corpus if tip.desk == "gig"][:9]
    assert "gig" not in checkable_desks(rare, taxonomy, numbers[: len(rare)])
    assert checkable_desks(small_corpus, taxonomy, [0] * len(small_corpus)) == []  # all near-duplicates
    assert checkable_desks([], taxonomy, []) == []


def test_template_like_text_stands_out(small_corpus: list[Tip]) -> None:
    template = [
        replace(small_corpus[0], text=f"我在{town}市一家工厂上班，老板拖欠我工资不发，请帮忙处理，谢谢")
        for town in "甲乙丙丁戊己"
    ]
    natural, templated = (
        summarise(tips, near_duplicate_groups([tip.text for tip in tips])) for tips in (small_corpus, template)
    )
    assert natural["near_duplicate_share"] < 0.02
    assert templated["near_duplicate_share"] == 1
    assert templated["distinct_4grams"] < 0.4 < natural["distinct_4grams"]
    assert templated["common_openings"] > natural["common_openings"]
