"""What the secret scanner finds and costs, on corpora that are not part of the project (`../shared/corpora`) and on the
installed Python.

Prints one line per figure: name, value, limit, `ok` or `over`; lines with `#` say more. Exit status 1 when one is over.
The corpora were in view while the tables were made, so their recall (`shown`) says little about others. What a rule's
examples lose when every provider's rule that knows them is left out (`leave_rule_out`) says more: then only what many
providers share is left, names, shapes and randomness.

The variable ORION_HELD_OUT names further corpora that nobody has looked at, one or several as in PATH: JSON lines,
gzipped or not, each an object with `text` and, where it helps, `path`, `rule` and `label` (`pos`, or anything else for
a text that is no secret). `held_out.py` makes one. What is missed is not shown. The limit is that for gitleaks' rules
where the name of the file has `gitleaks` in it, else that for other scanners'.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import sys
import sysconfig
import time
import zipfile
from collections import defaultdict
from pathlib import Path

from engine.facade.scanned_files import scan_paths
from engine.governance.secret_find import indexed, shipped
from engine.governance.secret_rules import RuleIndex, rules, without
from engine.governance.secrets import scan

CORPORA = Path(__file__).resolve().parents[2] / "shared" / "corpora"
_TEXTS = {".py", ".pyi", ".txt", ".json", ".md", ".toml", ".cfg", ".rst", ".c", ".h", ".yaml", ".yml"}
_MOST = 60_000_000  # bytes of one tree that are looked at
_RUNS = 3  # of a tree; the best one counts
_ALONE = 8_000_000  # bytes for the CPU time of one process
Figure = tuple[str, float, float, bool]


def main() -> int:
    figures = [*_corpus("gitleaks", 97.0), *_corpus("noseyparker", 70.0), *_held_out(), _encodings()]
    figures += _tree("stdlib", Path(sysconfig.get_paths()["stdlib"]), skip="site-packages")
    figures += _tree("site_packages", Path(sysconfig.get_paths()["purelib"]), skip="")
    over = 0
    for name, value, limit, ok in figures:
        over += not ok
        print(f"{name} {value:.2f} {limit:g} {'ok' if ok else 'over'}")
    return 1 if over else 0


def _corpus(name: str, least: float) -> list[Figure]:
    path = CORPORA / f"secrets_{name}.jsonl.gz"
    if _is_missing(path):
        return []
    real = _secrets_of(name, path)
    recall = _found(real, shipped()) / len(real) * 100
    left_out = _leave_rule_out(real) / len(real) * 100
    return [
        (f"secrets_recall_{name}_shown_percent_at_least", recall, least, recall >= least),
        (f"secrets_recall_{name}_leave_rule_out_percent_at_least", left_out, least, left_out >= least),
    ]


def _held_out() -> list[Figure]:
    figures = []
    for path in map(Path, filter(None, os.environ.get("ORION_HELD_OUT", "").split(os.pathsep))):
        name = path.name.split(".")[0]
        if _is_missing(path):
            continue
        real = _secrets_of(name, path)
        found = _found(real, shipped())
        recall, least = found / len(real) * 100, 97.0 if "gitleaks" in name else 70.0
        print(f"# {name}: {found} of {len(real)} texts of {len({row['rule'] for row in real})} rules")
        figures.append((f"secrets_recall_held_out_{name}_percent_at_least", recall, least, recall >= least))
    return figures


def _is_missing(path: Path) -> bool:
    if not path.is_file():
        print(f"# not measured: the corpus is not there ({path})")
    return not path.is_file()


def _secrets_of(name: str, path: Path) -> list[dict[str, str]]:
    """The rows of a corpus that are secrets; how many of the others are found is printed."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        rows = [{"label": "pos", "rule": "", "path": ""} | json.loads(line) for line in file if line.strip()]
    others = [row for row in rows if row["label"] != "pos"]
    if others:
        print(f"# {name}: of {len(others)} texts that are none, {_found(others, shipped())} are found")
    return [row for row in rows if row["label"] == "pos"]


def _found(rows: list[dict[str, str]], known: RuleIndex) -> int:
    return sum(bool(scan(row["text"].encode(), row["path"], known=known)) for row in rows)


def _leave_rule_out(rows: list[dict[str, str]]) -> int:
    """For each rule of a corpus, what is found of its examples without the providers' rules that find any of them."""
    examples: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        examples[row["rule"]].append(row)
    of_providers = {rule.name for rule in rules() if not rule.general}
    found = 0
    for of_rule in examples.values():
        named = {hit.rule for row in of_rule for hit in scan(row["text"].encode(), row["path"])} & of_providers
        left = without(rules(), lambda rule, named=named: not rule.general and rule.name in named)  # type: ignore[misc]
        found += _found(of_rule, indexed(left) if named else shipped())
    return found


def _encodings() -> Figure:
    """THREATS 15: of 13 places and encodings, in how many every one of some kinds of token is found."""
    letters = "aB3dE5fG7hJ9kL2mN4pQ6rS8tU1vW0xY"
    jwt = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." + letters
    tokens = (
        "AKIA" + "Q3EGV7RLM2NXWZ4P",
        "ghp_" + letters + "Zz12",
        "sk_live_" + letters[:24],
        "acme_live_" + letters,
        jwt,
    )

    def packed(token: str) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner.txt", token)
        return file.getvalue()

    def quoted(text: str) -> bytes:
        return f"x = '{text}'\n".encode()

    forms = {
        "name of a file": lambda token: f"{token}.txt".encode(),
        "message of a commit": lambda token: f"Ada <ada@example.org>\nuse {token}\n".encode(),
        "base64": lambda token: quoted(base64.b64encode(token.encode()).decode()),
        "base64 over lines": lambda token: base64.encodebytes(f"some words before\n{token}\nand behind\n".encode() * 2),
        "hex": lambda token: quoted(token.encode().hex()),
        "percent": lambda token: quoted("".join(f"%{byte:02x}" for byte in token.encode())),
        "UTF-16": lambda token: token.encode("utf-16"),
        "zip": packed,
        "gzip": lambda token: gzip.compress(token.encode()),
        "split literal": lambda token: f'k = "{token[:9]}" + "{token[9:]}"'.encode(),
        "literals over lines": lambda token: f'k = ("{token[:7]}"\n    "{token[7:14]}"\n    "{token[14:]}")'.encode(),
        "escapes": lambda token: quoted("".join(f"\\x{byte:02x}" for byte in token.encode())),
        "base64 of gzip in base64": lambda token: quoted(
            base64.b64encode(base64.b64encode(gzip.compress(token.encode()))).decode()
        ),
    }
    missed = [name for name, form in forms.items() if not all(scan(form(token)) for token in tokens)]
    for name in missed:
        print(f"# not found in every case: {name}")
    found = len(forms) - len(missed)
    return ("secrets_encodings_of_13_at_least", found, 12, found >= 12)


def _tree(name: str, root: Path, *, skip: str) -> list[Figure]:
    files, size, lines, alone = [], 0, 0, []
    for file in sorted(root.rglob("*")):
        below = file.relative_to(root).parts
        if file.suffix in _TEXTS and (not skip or skip not in below) and file.is_file() and size < _MOST:
            data = file.read_bytes()
            if len(files) % 5 == 0 and sum(map(len, alone)) < _ALONE:
                alone.append(data)
            size += len(data)
            lines += data.count(b"\n")
            files.append(file)
    speed = 0.0
    for _ in range(_RUNS):
        start = time.perf_counter()
        found = [(file.path, hit) for file in scan_paths(files) for hit in file.hits]
        speed = max(speed, size / 1e6 / (time.perf_counter() - start))
    for path, hit in found[:20]:
        print(f"# {name}: {Path(path).name}:{hit.line}: {hit.rule}: {hit.redacted} {hit.form}")
    used = time.process_time()
    for data in alone:
        scan(data)
    used = time.process_time() - used
    print(f"# {name}: {sum(map(len, alone)) / 1e6 / used:.1f} MB for a second of CPU time, whatever else runs")
    rate = len(found) / lines * 1e6
    return [
        (f"secrets_{name}_findings_per_million_lines", rate, 10.0, rate <= 10),
        (f"secrets_{name}_mb_per_s_at_least", speed, 10.0, speed >= 10),
    ]


if __name__ == "__main__":
    sys.exit(main())
