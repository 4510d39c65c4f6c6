"""Counts how often one character follows another in the texts of the installed Python's standard library, and writes it
down as `engine/governance/secret_pairs.txt`, from which the secret scanner tells random letters from names and words.

Without `--write` it only says how far the table is from what stands there. The same Python gives the same table.
"""

from __future__ import annotations

import math
import re
import sys
import sysconfig
from collections import Counter
from pathlib import Path

from engine.governance.secret_pairs import ELSE, SYMBOLS, places

TARGET = Path(__file__).resolve().parent.parent / "engine" / "governance" / "secret_pairs.txt"
_WORD = re.compile(r"[A-Za-z0-9_\-./]{2,60}")
_UNSEEN = 0.5  # of a pair that never stood there
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_HEAD = """\
# Half bits of surprise at a character behind another, to the base 36: a row for what goes before, a column for what
# follows, both in the order a-z A-Z, any digit, anything else. Written by `benchmarks/fit_pairs.py`.
"""


def main() -> int:
    table = _HEAD + "".join(f"{row}\n" for row in _rows(_words(Path(sysconfig.get_paths()["stdlib"]))))
    if "--write" in sys.argv[1:]:
        TARGET.write_text(table, encoding="utf-8")
        return 0
    there = TARGET.read_text(encoding="utf-8")
    print(f"# {sum(a != b for a, b in zip(table, there, strict=False))} of {len(table)} characters differ")
    return 0


def _words(root: Path) -> Counter[str]:
    words: Counter[str] = Counter()
    for file in sorted(root.rglob("*.py")):
        if not {"site-packages", "encodings"} & set(file.relative_to(root).parts):
            words.update(_WORD.findall(file.read_text(encoding="utf-8", errors="replace")))
    return words


def _rows(words: Counter[str]) -> list[str]:
    """A word counts by the logarithm of how often it stands there: names should not drown in `self`."""
    counts = [[_UNSEEN] * len(SYMBOLS) for _ in SYMBOLS]
    for word, times in sorted(words.items()):
        before = ELSE
        for place in places(word):
            counts[before][place] += 1 + math.log2(times)
            before = place
    return ["".join(_half_bits(count / sum(row)) for count in row) for row in counts]


def _half_bits(share: float) -> str:
    return _DIGITS[min(round(-2 * math.log2(share)), len(_DIGITS) - 1)]


if __name__ == "__main__":
    sys.exit(main())
