"""Full-text search by words: which words a text is found by, and how the two databases look them up.

A text is found by every word of jieba's dictionary that stands in it, by every single character, and by runs of other
letters and digits. A query is cut into the fewest likely words, as jieba does; each of them must be there. So whatever
Chinese a text holds, a query for it finds the text, however the sentence around it would be cut. The dictionary is
jieba's own: user words come and go with models, and what is indexed must outlive them; they are found by their parts.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Text, cast, column, func, literal, table, true, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, array
from sqlalchemy.orm import Session

from model.segment import Segmenter
from model.text import normalise
from service.store.tables import Case

_RUN = re.compile(r"([\u4e00-\u9fd5]+)|[^\W_\u4e00-\u9fd5]+")  # Chinese as jieba's dictionary knows it, or the rest
_MAX_RUN = 64  # characters: PostgreSQL takes no words of more than 2 kB
_MAX_WORDS = 20_000  # of a text: PostgreSQL takes no more than 1 MB
_MAX_ASKED = 32  # of a query

# Words of a query that more than a quarter of the corpus's tips hold: to look them up takes long and leaves little out.
_COMMON = frozenset("的不一我了人个没是说在工年有要上来三到")

_FTS = table("case_words", column("rowid", BigInteger), column("case_words", Text))  # SQLite's; see the migrations


def words_of_text(text: str) -> list[str]:
    """Return the words that a text is found by, each once."""
    found: dict[str, None] = {}
    for run, is_chinese in _runs(text):
        if is_chinese:
            found.update(dict.fromkeys(_segmenter().find_words(run)))
            found.update(dict.fromkeys(run))
        else:
            found[run[:_MAX_RUN]] = None
        if len(found) > _MAX_WORDS:
            break
    return list(found)[:_MAX_WORDS]


def words_of_query(query: str) -> list[str]:
    """Return the words that a text must hold to be found, each once; there may be none."""
    found: dict[str, None] = {}
    for run, is_chinese in _runs(query):
        found.update(dict.fromkeys(_segmenter().cut(run) if is_chinese else [run[:_MAX_RUN]]))
        if len(found) > _MAX_ASKED:
            break
    return list(found)[:_MAX_ASKED]


def holding(session: Session, statement: Select[Any], query: str) -> tuple[Select[Any], ColumnElement[int]] | None:
    """Return `statement`, which selects cases, with those alone that hold all words of `query`, and what to sort by.

    None where the query holds no word.
    """
    words = words_of_query(query)
    if not words:
        return None
    if session.connection().dialect.name == "sqlite":
        rare = [word for word in words if word not in _COMMON] or words
        holds = _FTS.c.case_words.op("MATCH")(" ".join(f'"{word}"' for word in rare))
        held = literal(" ") + type_coerce(Case.words, Text) + " "
        others = [func.instr(held, f" {word} ") > 0 for word in words if word not in rare]
        return statement.join(_FTS, true()).where(holds, Case.id == _FTS.c.rowid, *others), _FTS.c.rowid
    holds = Case.words.op("@@")(cast(" & ".join(f"'{word}'" for word in words), TSQUERY))
    return statement.where(holds), Case.id.expression


def beside_words(session: Session, wanted: Any, value: Any) -> tuple[Any, Any]:
    """Return a column and the value wanted in it in the way in which the index of words holds them too, if it does.

    PostgreSQL's holds the desk, as an array of one, for lists of words and desks are made for arrays: the cases of a
    desk that hold a word are found without looking at those of other desks.
    """
    if wanted is Case.desk and session.connection().dialect.name == "postgresql":
        return array([wanted]), cast([value], ARRAY(Text))
    return wanted, value


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    for match in _RUN.finditer(normalise(text)):
        yield match.group(), bool(match[1])


@cache
def _segmenter() -> Segmenter:
    return Segmenter(())
