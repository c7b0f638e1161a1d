"""Calibration constants that are shipped as numbers, and the corpus and recipe that they belong to.

They calibrate demand types and further desks, which real callers mix otherwise than the corpus does. The desks'
probabilities are always cross-fitted on the corpus: fitted on a city hotline's tips they would bury the desks that are
rare there.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from model.errors import CorpusError
from training.calibrate import Calibration
from training.config import TrainingConfig
from training.corpus import Tip
from training.fit import corpus_digest


@dataclass(frozen=True)
class Constants:
    """Numbers that stand in for the cross-fitted ones of a `training.calibrate.Calibration`."""

    also_slope: float
    also_intercept: float
    also_threshold: float
    kind_scale: float
    kind_biases: list[float]
    source: str

    @classmethod
    def of(cls, calibration: Calibration) -> "Constants":
        """Return the shipped part of a calibration."""
        return cls(
            also_slope=calibration.also_slope,
            also_intercept=calibration.also_intercept,
            also_threshold=calibration.policy.also_threshold,
            kind_scale=calibration.kind_scale,
            kind_biases=calibration.kind_biases,
            source=calibration.source,
        )

    def replace_in(self, calibration: Calibration) -> Calibration:
        """Return a calibration with these numbers."""
        return replace(
            calibration,
            also_slope=self.also_slope,
            also_intercept=self.also_intercept,
            kind_scale=self.kind_scale,
            kind_biases=self.kind_biases,
            policy=replace(calibration.policy, also_threshold=self.also_threshold),
            source=f"desks {calibration.source}; further desks and demand types {self.source}",
        )


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
