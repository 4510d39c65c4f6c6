"""What the secret scanner finds and costs, on corpora that are not part of the project (`../shared/corpora`) and on the
installed Python.

Prints one line per figure: name, value, limit, `ok` or `over`; lines with `#` say more. Exit status 1 when one is over.
With the whole table left out, names and randomness alone decide: what is found of a provider nobody wrote down.
"""

from __future__ import annotations

import gzip
import json
import sys
import sysconfig
import time
from pathlib import Path

from engine.facade.scanned_files import scan_paths
from engine.governance import secret_find
from engine.governance.secret_rules import RuleIndex
from engine.governance.secrets import scan

CORPORA = Path(__file__).resolve().parents[2] / "shared" / "corpora"
_TEXTS = {".py", ".pyi", ".txt", ".json", ".md", ".toml", ".cfg", ".rst", ".c", ".h", ".yaml", ".yml"}
_MOST = 60_000_000  # bytes of one tree that are looked at


def main() -> int:
    figures = [*_corpus("gitleaks", 97.0), *_corpus("noseyparker", 70.0)]
    figures += _tree("stdlib", Path(sysconfig.get_paths()["stdlib"]), skip="site-packages")
    figures += _tree("site_packages", Path(sysconfig.get_paths()["purelib"]), skip="")
    over = 0
    for name, value, limit, ok in figures:
        over += not ok
        print(f"{name} {value:.2f} {limit:g} {'ok' if ok else 'over'}")
    return 1 if over else 0


def _corpus(name: str, least: float) -> list[tuple[str, float, float, bool]]:
    path = CORPORA / f"secrets_{name}.jsonl.gz"
    if not path.is_file():
        print(f"# not measured: the corpus is not there ({path})")
        return []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    real = [row for row in rows if row["label"] == "pos"]
    others = [row for row in rows if row["label"] != "pos"]
    recall = _found(real) / len(real) * 100
    print(f"# {name}: of {len(others)} texts that are none, {_found(others)} are found")
    known = secret_find.index
    secret_find.index = lambda: RuleIndex(known().rules, (), (), ())  # type: ignore[assignment]
    try:
        general = _found(real) / len(real) * 100
    finally:
        secret_find.index = known
    print(f"# {name}: {general:.1f}% with the whole table left out, by names and randomness alone")
    return [(f"secrets_recall_{name}_percent_at_least", recall, least, recall >= least)]


def _found(rows: list[dict[str, str]]) -> int:
    return sum(bool(scan(row["text"].encode(), row["path"])) for row in rows)


def _tree(name: str, root: Path, *, skip: str) -> list[tuple[str, float, float, bool]]:
    files, size, lines = [], 0, 0
    for file in sorted(root.rglob("*")):
        below = file.relative_to(root).parts
        if file.suffix in _TEXTS and (not skip or skip not in below) and file.is_file() and size < _MOST:
            data = file.read_bytes()
            size += len(data)
            lines += data.count(b"\n")
            files.append(file)
    start = time.perf_counter()
    found = [(file.path, hit) for file in scan_paths(files) for hit in file.hits]
    speed = size / 1e6 / (time.perf_counter() - start)
    for path, hit in found[:20]:
        print(f"# {name}: {Path(path).name}:{hit.line}: {hit.rule}: {hit.redacted} {hit.form}")
    rate = len(found) / lines * 1e6
    return [
        (f"secrets_{name}_findings_per_million_lines", rate, 10.0, rate <= 10),
        (f"secrets_{name}_mb_per_s_at_least", speed, 10.0, speed >= 10),
    ]


if __name__ == "__main__":
    sys.exit(main())
