"""What is wrong between tips, and how alike they are."""

from dataclasses import replace

from model.taxonomy import Taxonomy
from training.check import check_tips, summarise
from training.corpus import Tip


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


def test_template_like_text_stands_out(small_corpus: list[Tip]) -> None:
    template = [
        replace(small_corpus[0], text=f"我在{town}市一家工厂上班，老板拖欠我工资不发，请帮忙处理，谢谢")
        for town in "甲乙丙丁戊己"
    ]
    natural, templated = summarise(small_corpus), summarise(template)
    assert natural["near_duplicate_share"] < 0.02
    assert templated["near_duplicate_share"] == 1
    assert templated["distinct_4grams"] < 0.4 < natural["distinct_4grams"]
    assert templated["common_openings"] > natural["common_openings"]
