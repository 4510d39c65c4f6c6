"""One finding, its text redacted and its id bound to what it is about."""

from __future__ import annotations

from engine.governance.secrets import redact
from engine.vocabulary.actions import digest_of
from engine.vocabulary.changes import Finding, FindingKind, Severity


def make_finding(
    kind: FindingKind,
    severity: Severity,
    path: str,
    message: str,
    *,
    hint: str,
    line: int | None = None,
    acceptable: bool = True,
    about: str = "",
    digest: str = "",
    task: str = "",
) -> Finding:
    """`hint` says what to do about it; `about` is what else the id is bound to (an object id): accepted once, it counts
    for that content alone."""
    identity = digest_of(kind, path, line, about or message)[:10]
    return Finding(
        identity, kind, severity, redact(path), line, redact(message), hint, acceptable, digest=digest, task=task
    )
