"""How sharp the gate on promotion is, and how often it is wrong: ``python -m benchmarks.gate``.

Models learn from a seeded sample of the corpus and are compared on tips that none has seen. Damaged challengers learned
the champion's own tips after 30% of one desk's labels had been moved to another desk; sound ones learned another
sample. The gate should refuse the former and name the desk, and let the latter pass.
"""

import csv
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from model.registry import Registry
from model.segment import read_word_list
from training.config import TrainingConfig
from training.corpus import Tip, read_corpus, read_taxonomy, require_sound
from training.fit import fit_model
from training.publish import judge
from training.triage import read_triage

DATA = Path("data")
LEARNED, HELD_OUT = 300, 100  # tips a desk
MOVED = 0.3
SOUND = 10  # challengers

TAXONOMY = read_taxonomy(DATA / "desks.yaml")
WORDS, TRIAGE = read_word_list(DATA / "userdict.txt"), read_triage(DATA, TAXONOMY)


def main() -> None:
    """Print what the gate said of each challenger."""
    tips, problems = read_corpus([DATA / "corpus"], TAXONOMY)
    require_sound(problems)
    held_out, rest = split(tips, HELD_OUT, random.Random(0))
    learned, _ = split(rest, LEARNED, random.Random(1))
    table = Table("challenger", "verdict", "what the gate says")
    with tempfile.TemporaryDirectory() as folder:
        registry, data, golden = Registry(Path(folder)), Path(folder) / "held_out.csv", Path(folder) / "golden.csv"
        write(data, held_out)
        write(golden, [])  # so few tips make no model that knows all of the shipped ones
        registry.promote(train(registry, learned))
        challengers = {f"{desk}: 30% moved": damage(learned, desk) for desk in TAXONOMY.desk_ids}
        challengers |= {f"sound {n}": split(rest, LEARNED, random.Random(n))[0] for n in range(2, 2 + SOUND)}
        for name, lesson in challengers.items():
            gate = judge(registry, train(registry, lesson), golden, data)
            table.add_row(name, "passed" if gate.passed else "refused", "\n".join(gate.reasons))
            sys.stderr.write(f"{name}\n")
    Console(width=120, markup=False).print(table)


def split(tips: Sequence[Tip], per_desk: int, rng: random.Random) -> tuple[list[Tip], list[Tip]]:
    """Return so many tips of each desk, drawn at random, and the others."""
    by_desk: defaultdict[str, list[Tip]] = defaultdict(list)
    for tip in tips:
        by_desk[tip.desk].append(tip)
    for own in by_desk.values():
        rng.shuffle(own)
    drawn = [tip for own in by_desk.values() for tip in own[:per_desk]]
    return drawn, [tip for own in by_desk.values() for tip in own[per_desk:]]


def damage(tips: Sequence[Tip], desk: str) -> list[Tip]:
    """Return the tips with 30% of a desk's labels moved to the next desk."""
    rng, ids = random.Random(desk), TAXONOMY.desk_ids
    other = ids[(ids.index(desk) + 1) % len(ids)]
    return [replace(tip, desk=other, also=()) if tip.desk == desk and rng.random() < MOVED else tip for tip in tips]


def train(registry: Registry, tips: Sequence[Tip]) -> str:
    """Publish a model and return its version."""
    return registry.add(fit_model(tips, TAXONOMY, WORDS, TRIAGE, TrainingConfig()))


def write(path: Path, tips: Sequence[Tip]) -> None:
    """Write a labelled file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "desk"])
        writer.writerows([tip.text, tip.desk] for tip in tips)


if __name__ == "__main__":
    main()
