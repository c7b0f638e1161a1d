"""The published recipe."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained; the defaults are the published recipe, chosen by `benchmarks.quality`.

    Attributes
    ----------
    char_ngrams : tuple of int
        Shortest and longest character n-gram.
    char_weight : float
        Length of the block of character n-grams; that of the words is 1.
    opening_chars : int
        What stands in the first so many characters counts twice.
    min_df : int
        Features in fewer tips are dropped.
    min_share : float
        So are those in a smaller share of the tips: what is learned stays as large and as fast when a corpus grows, and
        half the features route real tips as well as all.
    desk_C, also_C, kind_C, urgent_C : float
        Inverse strength of regularisation.
    own_weight : float
        How many tips of the starter corpus one of a hotline's own cases counts for: with more, held-out cases were
        routed worse, whether the corpus was whole, a third or a tenth.
    preamble_share : float
        Share of the tips that are learned a second time, behind small talk.
    n_folds : int
        Of the cross-fit from which probabilities and policy come.
    kind_bias_penalty : float
        Pull of the demand types' biases towards 0.
    precision_target, coverage : float
        Of ``auto`` decisions, and of prediction sets. Both are above the 0.95 wanted of real tips, since the tips that
        they are fitted on are easier.
    urgent_precision : float
        Of urgency told by the wording alone, with 95% certainty.
    max_confirm : int
        Largest prediction set that an operator is asked to choose from.
    random_state : int
    """

    char_ngrams: tuple[int, int] = (1, 3)
    char_weight: float = 1.25
    opening_chars: int = 50
    min_df: int = 4
    min_share: float = 2e-4
    desk_C: float = 10.0
    also_C: float = 0.1
    kind_C: float = 0.1
    urgent_C: float = 3.0
    own_weight: float = 1.0
    preamble_share: float = 0.08
    n_folds: int = 3
    kind_bias_penalty: float = 0.05
    precision_target: float = 0.965
    coverage: float = 0.96
    urgent_precision: float = 0.6
    max_confirm: int = 3
    random_state: int = 0
