"""Makes secrets that nobody has looked at: for each rule of gitleaks that `../shared/corpora` has no example of, tokens
drawn from the rule's own expression, put into the places that the corpus' examples stand in.

    python benchmarks/held_out.py GITLEAKS.TOML GITLEAKS gitleaks.jsonl
    ORION_HELD_OUT=gitleaks.jsonl make bench-secrets

The first is the scanner's table of rules, the second its program (neither is part of Orion): only texts in which it
finds the rule itself are kept, as in its own tests. Numbers are printed and nothing else; look at what was missed, and
it is held out no more.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.drawn import drawn  # noqa: E402

SHOWN = ROOT.parent / "shared" / "corpora" / "secrets_gitleaks.jsonl.gz"
_EXAMPLE, _CALLED = "algolia-api-key", "algolia"  # a rule of the corpus with one example for each place
_TOKENS = 4  # of each rule in all of the places
_WHOLE = 12  # of each rule whose expression is no token between borders
_TRIES = 5
_FLAGS = re.compile(r"\(\?[a-z]*-?[a-z]*\)")  # anywhere in an expression, which Python refuses
_CLASSES = {"[:alnum:]": "A-Za-z0-9", "[:alpha:]": "A-Za-z", "[:xdigit:]": "0-9a-f", "[:digit:]": "0-9", r"\z": r"\Z"}


def main() -> int:
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    if not SHOWN.is_file():
        print(f"there is no {SHOWN}, which says what rules were shown", file=sys.stderr)
        return 1
    table, program, out = (Path(argument).absolute() for argument in sys.argv[1:])
    with gzip.open(SHOWN, "rt", encoding="utf-8") as file:
        shown = [json.loads(line) for line in file]
    known = {row["rule"] for row in shown}
    places = _places(shown)
    left = [rule for rule in tomllib.loads(table.read_text(encoding="utf-8"))["rules"] if rule["id"] not in known]
    kept: dict[str, list[str]] = {}
    for again in range(_TRIES):
        texts = [(rule["id"], text) for rule in left if rule["id"] not in kept for text in _texts(rule, places, again)]
        for name, text in _own(texts, table, program):
            kept.setdefault(name, []).append(text)
    rows = [{"label": "pos", "rule": name, "path": "", "text": text} for name in sorted(kept) for text in kept[name]]
    out.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    print(f"{len(rows)} texts for {len(kept)} of {len(left)} rules of which there is no example in {SHOWN.name}")
    return 0


def _places(shown: list[dict[str, str]]) -> list[str]:
    """The examples of one rule with `{name}`, `{NAME}` and `{token}` in them."""
    found = []
    for row in shown:
        if row["rule"] == _EXAMPLE and row["label"] == "pos":
            text = re.sub("[0-9a-f]{32}", "\0token\1", row["text"])
            text = text.replace(_CALLED, "\0name\1").replace(_CALLED.upper(), "\0NAME\1")
            found.append(text.replace("{", "{{").replace("}", "}}").replace("\0", "{").replace("\1", "}"))
    return found


def _texts(rule: dict[str, Any], places: list[str], again: int) -> list[str]:
    pattern = _FLAGS.sub("", rule.get("regex", ""))
    for theirs, ours in _CLASSES.items():
        pattern = pattern.replace(theirs, ours)
    if not pattern:
        return []
    seeds = [f"{rule['id']} {again} {number}" for number in range(_WHOLE)]
    try:
        group = rule.get("secretGroup", 1)
        name = rule["keywords"][0] if "=>" in pattern else rule["id"].split("-")[0]
        tokens = [drawn(pattern, seed, group) for seed in seeds[:_TOKENS]]
        if again < _TRIES - 2:  # a rule that is not found so has no token between borders
            return [place.format(name=name, NAME=name.upper(), token=token) for token in tokens for place in places]
    except (ValueError, re.error):
        pass
    try:
        return [drawn(pattern, seed) for seed in seeds]
    except re.error:
        return []


def _own(texts: list[tuple[str, str]], table: Path, program: Path) -> list[tuple[str, str]]:
    """The texts in which the scanner finds the rule that they were made for."""
    with tempfile.TemporaryDirectory() as folder:
        for number, (_, text) in enumerate(texts):
            (Path(folder) / f"{number}.txt").write_text(text, encoding="utf-8")
        report = Path(folder) / "report"
        options = ["--report-format", "json", "--report-path", str(report), "--exit-code", "0", "--no-banner"]
        subprocess.run([program, "dir", folder, "--config", table, "--log-level", "error", *options], check=True)
        found: dict[str, set[str]] = defaultdict(set)
        for hit in json.loads(report.read_text(encoding="utf-8")):
            found[Path(hit["File"]).stem].add(hit["RuleID"])
    return [(name, text) for number, (name, text) in enumerate(texts) if name in found[str(number)]]


if __name__ == "__main__":
    sys.exit(main())
