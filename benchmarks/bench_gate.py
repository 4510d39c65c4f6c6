"""How long the gate takes over a change set of 1,000 files, against hashing its paths with SHA-256.

Prints one line per figure: name, value, limit, `ok` or `over`. Exit status 1 when one is over. Each round is cold:
every path is one that the gate has never seen. Time is that of the processor: other work on the machine does not count.
"""

from __future__ import annotations

import hashlib
import sys
from statistics import median
from time import process_time

from engine.governance.gate import decide_changes
from engine.roles.library import RoleLibrary
from engine.storage.shipped import shipped
from engine.vocabulary.changes import ChangeSet, ChangeStatus, FileChange

FILES = 1_000
STANDING = 10_000
"""Paths of the tree before, against which each new name is held."""
ROUNDS = 9
HASHES = 200
"""SHA-256 passes over all paths that make one unit of the ratio."""
SHAPES = (
    "src/package_{n}/module_{r}.py",
    "tests/unit/test_{r}_{n}.py",
    "docs/chapter_{r}/page-{n}.md",
    "web/components/Part{n}/{r}.spec.tsx",
    "services/api_{n}/package-{r}.json",
    ".github/workflows/job-{r}-{n}.yml",
    "db/migrate/{n}_{r}.rb",
    "assets/{r}/b\u00fcld-{n}.png",
)


def change_set(round_: int) -> ChangeSet:
    """New names in each round, one in ten files deleted."""
    files = []
    for number in range(FILES):
        path = SHAPES[number % len(SHAPES)].format(n=number, r=round_)
        gone = number % 10 == 9
        status = ChangeStatus.DELETED if gone else ChangeStatus.ADDED if number % 3 else ChangeStatus.MODIFIED
        old = 0o100644 if status is not ChangeStatus.ADDED else 0
        files.append(FileChange(path, status, old, 0 if gone else 0o100644, "a", "" if gone else f"{number:x}", 900))
    standing = [f"src/area_{n % 100}/r{round_}/part_{n}.py" for n in range(STANDING)]
    standing += [change.path for change in files if change.status is not ChangeStatus.ADDED]
    return ChangeSet("a", "b", tuple(sorted(files, key=lambda change: change.path)), standing=tuple(standing))


def main() -> int:
    role = RoleLibrary(shipped("roles"), shipped("roles")).get("software-engineer")
    sets = [change_set(round_) for round_ in range(ROUNDS + 1)]
    decide_changes(role, sets[0])  # the tables are built once in the life of a process
    gates, units = [], []
    for changes in sets[1:]:
        paths = [change.path.encode() for change in changes.files]
        began = process_time()
        for _ in range(HASHES):
            for path in paths:
                hashlib.sha256(path).digest()
        units.append(process_time() - began)
        began = process_time()
        verdicts = decide_changes(role, changes)
        gates.append(process_time() - began)
        if len(verdicts) != FILES:
            print("the gate lost a file", file=sys.stderr)
            return 2
    over = 0
    for figure, value, limit in (
        ("gate_1000_files_cold_ms", median(gates) * 1000, 50.0),
        ("gate_1000_files_over_200_sha256_ratio", median(gates) / median(units), 1.0),
    ):
        over += value > limit
        print(f"{figure} {value:.3f} {limit:g} {'ok' if value <= limit else 'over'}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
