"""`Router.route` against the plain design, fastText and segmentation alone, in one thread."""

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import fasttext
import jieba
import rjieba
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from benchmarks.speed.rounds import Figure, at_least, divide, take_turns
from model.router import Router
from model.routing import Piece

PLAIN, FASTTEXT, FLOOR = "jieba + TF-IDF + logistic regression", "fastText on rjieba's words", "rjieba alone"
DECISIONS, EVERYTHING = "Router.route, decisions only", "Router.route, explained"
_AT_ONCE = 1_000  # texts, as `tipdesk score` hands them on
_PIECES: tuple[Piece, ...] = ("evidence", "urgency", "facts", "questions")


def measure_routing(
    router: Router, tips: list[tuple[str, str]], texts: list[str]
) -> tuple[list[Figure], dict[str, list[float]]]:
    """Return the figures, and microseconds a text of each contestant in each round; peers learn from `tips`."""
    plain, fast = _fit_plain(tips), _fit_fasttext(tips)
    times = take_turns(
        {
            PLAIN: _timed(plain.predict_proba, texts[:_AT_ONCE]),  # it is slow
            FASTTEXT: _timed(lambda part: fast.predict([_words(text) for text in part], k=len(router.desks)), texts),
            FLOOR: _timed(lambda part: [rjieba.cut(text, False) for text in part], texts),
            DECISIONS: _timed(lambda part: router.route(part, explain=False), texts),
            EVERYTHING: _timed(lambda part: router.route(part, explain=_PIECES), texts),
        }
    )
    ours = times[DECISIONS]
    figures = [
        at_least(f"{DECISIONS} : {PLAIN}", divide(times[PLAIN], ours), 6),
        at_least(f"{DECISIONS} : {FASTTEXT}", divide(times[FASTTEXT], ours), 0.5),
        at_least(f"{DECISIONS} : {FLOOR}", divide(times[FLOOR], ours), 0.25),
        at_least(f"{EVERYTHING} : decisions only", divide(ours, times[EVERYTHING]), 0.2),
    ]
    return figures, times


def _timed(run: Callable[[list[str]], object], texts: list[str]) -> Callable[[], float]:
    def microseconds_a_text() -> float:
        began = perf_counter()
        for first in range(0, len(texts), _AT_ONCE):
            run(texts[first : first + _AT_ONCE])
        return 1e6 * (perf_counter() - began) / len(texts)

    return microseconds_a_text


def _fit_plain(tips: list[tuple[str, str]]) -> Pipeline:
    jieba.setLogLevel("WARNING")
    plain = make_pipeline(
        TfidfVectorizer(tokenizer=jieba.lcut, token_pattern=None, lowercase=False), LogisticRegression(max_iter=50)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not fitted to the end: it is here for its speed
        return plain.fit([text for text, _ in tips], [desk for _, desk in tips])


def _fit_fasttext(tips: list[tuple[str, str]]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tips.txt"
        path.write_text("".join(f"__label__{desk} {_words(text)}\n" for text, desk in tips), encoding="utf-8")
        return fasttext.train_supervised(str(path), thread=1, verbose=0)


def _words(text: str) -> str:
    return " ".join(rjieba.cut(text.replace("\n", " "), False))
