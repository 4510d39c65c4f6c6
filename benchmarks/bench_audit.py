"""The audit log: verifying against bare HMAC over the same lines, and appending in synced groups.

Prints one line per figure: name, value, limit, `ok` or `over`. Exit status 1 when one is over.
"""

from __future__ import annotations

import hmac
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from engine.storage.audit_chain import Chain
from engine.storage.audit_check import verify
from engine.storage.audit_log import AuditLog
from engine.vocabulary.audit import AuditRecord

ENTRIES = 100_000
GROUP = 500
ROUNDS = 5
KEY = bytes(range(32))
SLOWEST_VERIFY = 2.0
"""Times bare HMAC: at least half its speed."""
FEWEST_APPENDED = 20_000
"""Entries a second, each group synced to the disk."""


def record(row: int) -> AuditRecord:
    details = {"task": "users", "step": row % 40, "phase": "action", "decision": "allow", "rule": "code.write"}
    return AuditRecord(row, "2026-01-01T00:00:00.000+00:00", "0123456789ab", "gate", "aegis", details)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        log = AuditLog(Path(folder) / "audit")
        began = perf_counter()
        for first in range(1, ENTRIES, GROUP):
            with log.alone():
                head = log.append([record(row) for row in range(first, first + GROUP)], Chain(KEY))
        appended = ENTRIES / (perf_counter() - began)
        lines = list(log.lines())
        ratios = []
        for _ in range(ROUNDS):
            began = process_time()
            for line in lines:
                hmac.digest(KEY, line, "sha256")
            bare = process_time() - began
            began = process_time()
            verdict = verify(log, Chain(KEY), head)
            ratios.append((process_time() - began) / bare)
            if not verdict.valid or verdict.entries != ENTRIES:
                print("the log is not what was written", file=sys.stderr)
                return 1
    slow = median(ratios)
    print(f"audit_verify_per_bare_hmac {slow:.2f} {SLOWEST_VERIFY:.2f} {'ok' if slow <= SLOWEST_VERIFY else 'over'}")
    enough = appended >= FEWEST_APPENDED
    print(f"audit_appended_per_second {appended:.0f} {FEWEST_APPENDED} {'ok' if enough else 'over'}")
    return 0 if enough and slow <= SLOWEST_VERIFY else 1


if __name__ == "__main__":
    sys.exit(main())
