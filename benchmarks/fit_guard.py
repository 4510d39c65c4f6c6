"""Fits the weights of the content guard's score, and measures them on what they were not fitted on.

Reads `../shared/corpora` (not part of the project) and prints, for each set of injections, the rate found at a fixed
rate of false alarms with that set left out of the fit. With `--write`, the weights fitted on all sets become
`engine/governance/guard_weights.py`. Plain logistic regression by gradient descent, without any library; the same input
gives the same weights.
"""

from __future__ import annotations

import gzip
import json
import math
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from engine.governance.guard import rule_score
from engine.governance.guard_features import NAMES, features

ROOT = Path(__file__).resolve().parent.parent
CORPORA = ROOT.parent / "shared" / "corpora"
TARGET = ROOT / "engine" / "governance" / "guard_weights.py"
EPOCHS = 250
RATE = 0.1
PENALTY = 2e-4
GOALS = "goals"
WIDTH = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One text as numbers. `fitted` is false for goals that are kept for measuring."""

    group: str
    label: int
    values: tuple[float, ...]
    fitted: bool


def corpus() -> list[Row]:
    """Every text of the corpora; of the benign goals every third one is fitted on."""
    rows = [_row(x["set"], x["label"], x["text"], fitted=True) for x in _lines("injections.jsonl.gz")]
    goals = enumerate(_lines("benign_goals.jsonl.gz"))
    return rows + [_row(GOALS, 0, x["text"], fitted=number % 3 == 0) for number, x in goals]


def fit(rows: list[Row]) -> list[float]:
    """Weights, the last one being the constant. Every (set, label) pair counts alike."""
    pairs = Counter((row.group, row.label) for row in rows)
    labels = Counter(label for _, label in pairs)
    share = [1 / (pairs[row.group, row.label] * labels[row.label]) for row in rows]
    count = len(NAMES) + 1
    weights, first, second = [0.0] * count, [0.0] * count, [0.0] * count
    data = [((*row.values, 1.0), row.label, part) for row, part in zip(rows, share, strict=True)]
    for epoch in range(1, EPOCHS + 1):
        slope = [PENALTY * weight for weight in weights]
        slope[-1] = 0.0
        for values, label, part in data:
            wrong = (_sigmoid(sum(map(float.__mul__, weights, values))) - label) * part
            slope = [s + wrong * value for s, value in zip(slope, values, strict=True)]
        for at, value in enumerate(slope):
            first[at] = 0.9 * first[at] + 0.1 * value
            second[at] = 0.999 * second[at] + 0.001 * value * value
            step = first[at] / (1 - 0.9**epoch) / (math.sqrt(second[at] / (1 - 0.999**epoch)) + 1e-9)
            weights[at] -= RATE * step
    # One half is where one in a hundred ordinary goals lies above: in life the two labels are not equally frequent.
    goals = sorted(
        (sum(map(float.__mul__, weights, (*row.values, 1.0))) for row in rows if row.group == GOALS), reverse=True
    )
    weights[-1] -= goals[len(goals) // 100]
    return weights


def scores(rows: list[Row], weights: list[float]) -> list[float]:
    """What `Guarded.score` would be with these weights."""
    rule = NAMES.index("rule")
    return [max(_sigmoid(sum(map(float.__mul__, weights, (*row.values, 1.0)))), row.values[rule]) for row in rows]


def found_at(positive: list[float], negative: list[float], rate: float) -> float:
    """The part of `positive` above the threshold that at most `rate` of `negative` is above."""
    ordered = sorted(negative, reverse=True)
    threshold = ordered[min(int(rate * len(ordered)), len(ordered) - 1)]
    return sum(score > threshold for score in positive) / len(positive)


def _lines(name: str) -> list[dict[str, object]]:
    with gzip.open(CORPORA / name, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _row(group: object, label: object, text: object, *, fitted: bool) -> Row:
    clean, rule = rule_score(str(text))
    found = features(clean, rule)
    return Row(str(group), 1 if label else 0, tuple(float(found[name]) for name in NAMES), fitted)


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > -500 else 0.0


def _write(weights: list[float]) -> None:
    named = dict(zip((*NAMES, "constant"), weights, strict=True))
    body = "\n".join(f'        "{name}": {value:.3f},' for name, value in named.items())
    TARGET.write_text(
        '"""How much each feature of a text counts in the guard\'s score. Written by `benchmarks/fit_guard.py`."""\n\n'
        "from __future__ import annotations\n\nfrom types import MappingProxyType\nfrom typing import TYPE_CHECKING\n\n"
        "if TYPE_CHECKING:\n    from collections.abc import Mapping\n\n"
        f"WEIGHTS: Mapping[str, float] = MappingProxyType(\n    {{\n{body}\n    }}\n)\n"
    )
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(TARGET)], check=True)


def report(rows: list[Row]) -> dict[str, float]:
    """For each set, with it left out: what is found at 1% false alarms on goals that were not fitted, and, printed
    beside it, at 1% of the set's own harmless texts and of all harmless ones."""
    out: dict[str, float] = {}
    goals = [row for row in rows if row.group == GOALS and not row.fitted]
    for name in sorted({row.group for row in rows} - {GOALS}):
        weights = fit([row for row in rows if row.group != name and row.fitted])
        attacks = scores([row for row in rows if row.group == name and row.label], weights)
        own = scores([row for row in rows if row.group == name and not row.label], weights)
        others = scores([row for row in rows if row.group not in (name, GOALS) and not row.label], weights)
        calm = scores(goals, weights)
        out[name] = found_at(attacks, calm, 0.01)
        beside = f"{found_at(attacks, own, 0.01):.1%} against its own" if own else "it has none of its own"
        everything = found_at(attacks, calm + own + others, 0.01)
        print(f"# {name}: {out[name]:.1%} at 1% of goals; {beside}; {everything:.1%} against all harmless texts")
    return out


def main() -> int:
    if not CORPORA.is_dir():
        print(f"the corpora are not there: {CORPORA}", file=sys.stderr)
        return 2
    rows = corpus()
    if "--write" in sys.argv[1:]:
        _write(fit([row for row in rows if row.fitted]))
        print(f"# wrote {TARGET.relative_to(ROOT)}")
    rates = report(rows)
    print(f"# average over sets left out: {sum(rates.values()) / len(rates):.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
