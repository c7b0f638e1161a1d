"""Calibration constants that are shipped as numbers, and the corpus and recipe that they belong to.

They calibrate further desks, demand types and urgency. The desks' own probabilities are always cross-fitted on what the
model learns from.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from model.errors import CorpusError
from training.calibrate import Constants
from training.config import TrainingConfig
from training.corpus import Tip
from training.fit import corpus_digest


def load_constants(path: Path, tips: Sequence[Tip], config: TrainingConfig) -> Constants | None:
    """Return the shipped constants if they were fitted for exactly these tips and this recipe, else None.

    Raises
    ------
    CorpusError
        If the file is damaged.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Constants(**content["constants"]) if content["fitted_for"] == _fitted_for(tips, config) else None
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{path} is damaged; delete it to have the constants cross-fitted") from error


def save_constants(path: Path, constants: Constants, tips: Sequence[Tip], config: TrainingConfig) -> None:
    """Write constants together with what they were fitted for."""
    content = {"fitted_for": _fitted_for(tips, config), "constants": asdict(constants)}
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _fitted_for(tips: Sequence[Tip], config: TrainingConfig) -> dict[str, object]:
    recipe: dict[str, object] = json.loads(json.dumps(asdict(config)))
    return {"corpus_sha256": corpus_digest(tips), "recipe": recipe}
