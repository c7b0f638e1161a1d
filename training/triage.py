"""The words, rules and articles under ``data/``, checked and ready to be published with a model."""

import json
from pathlib import Path
from typing import Any

from model.errors import TaxonomyError
from model.facts import FactFinder, read_places
from model.law import LawBook
from model.signals import SignalRules
from model.taxonomy import Taxonomy
from model.triage import TriageData
from training.corpus import read_yaml


def read_triage(folder: Path, taxonomy: Taxonomy) -> TriageData:
    """Return what ``signals.yaml``, ``facts.yaml``, ``places.csv`` and ``law.yaml`` in `folder` hold.

    Raises
    ------
    TaxonomyError
        If a file is missing or anything in it is wrong.
    """
    signals = SignalRules.from_dict(read_yaml(folder / "signals.yaml"))
    words = read_yaml(folder / "facts.yaml")
    facts = FactFinder.from_dict({**words, "divisions": read_places(folder / "places.csv")})
    law = LawBook.from_dict(read_yaml(folder / "law.yaml"), taxonomy.desk_ids)
    if unknown := sorted(taxonomy.answers.keys() - facts.kinds):
        raise TaxonomyError(f"answers: no fact is of the kind {', '.join(unknown)}; see data/facts.yaml")
    return TriageData(_to_json(signals.to_dict()), _to_json(facts.to_dict()), _to_json(law.to_dict()))


def _to_json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True).encode()
