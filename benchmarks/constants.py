"""Fits the calibration constants that are shipped as numbers: ``python -m benchmarks.constants``.

The starter model is fitted on the whole corpus and scores real tips that are in no corpus; what makes its
probabilities right there goes to ``data/calibration.json``, bound to the corpus and the recipe. To be run after every
change of either.
"""

import sys
from pathlib import Path

import numpy as np

from benchmarks.real import PRACTICE, read_real_tips
from model.segment import build_user_words, read_word_list
from training.calibrate import fit_constants
from training.config import TrainingConfig
from training.constants import save_constants
from training.corpus import read_corpus, read_taxonomy, require_sound
from training.crossfit import extract_features
from training.heads import Block, Heads, fit_heads
from training.noise import read_preambles
from training.targets import Targets

DATA = Path("data")


def main() -> None:
    """Fit the constants and write them."""
    taxonomy, config = read_taxonomy(DATA / "desks.yaml"), TrainingConfig()
    real = read_real_tips(PRACTICE, taxonomy)
    tips, problems = read_corpus([DATA / "corpus"], taxonomy)
    require_sound(problems)
    user_words = build_user_words(read_word_list(DATA / "userdict.txt"))
    preambles = read_preambles(DATA / "preambles.txt")
    features = extract_features(tips, user_words, config, preambles=preambles)
    targets = Targets.of(tips, taxonomy).with_copies(features.copied)
    weights = np.ones(targets.desk.size)
    heads = Heads.joined([fit_heads(features.values, targets, weights, config, block) for block in Block])
    scores = heads.scores(features.vectorizer.transform([tip.text for tip in real]))
    source = f"fitted on {len(real)} real tips that are in no corpus (data/README.md)"
    constants = fit_constants(scores, Targets.of(real, taxonomy), np.ones(len(real), dtype=np.bool_), config, source)
    save_constants(DATA / "calibration.json", constants, tips, config)
    sys.stdout.write(f"data/calibration.json: {source}\n")


if __name__ == "__main__":
    main()
