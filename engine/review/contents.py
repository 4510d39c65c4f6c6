"""What the content of single files gives a person to think about. The same change is never looked at twice, and many of
them are handed to whoever can look at them aside."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from engine.governance.secrets import SecretHit, scan
from engine.review.file_findings import GITLINK, file_findings
from engine.review.finding import make_finding
from engine.vocabulary.changes import FileChange, Finding, FindingKind, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from engine.governance.allow_list import AllowList
    from engine.vocabulary.ports import SessionRepository

MANY_BYTES = 1024 * 1024
"""From so much new content on it is looked at aside: less takes about as long as a process takes to start (0.2 s)."""

_KEPT = 5_000
_REMEDY = "edit it, leave the file out, accept it by name, or say why it is none: orion allowlist add --reason"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one change's content says: its findings, and the lines of its new version (0 where there is none)."""

    findings: tuple[Finding, ...]
    lines: int


class Contents:
    """Findings by the change they are about: they depend on nothing but its path, its two objects and the allow-list,
    so they hold for as long as anybody asks. `aside` looks at large ones where that disturbs nobody."""

    def __init__(
        self, aside: Callable[[str, Sequence[FileChange], AllowList], Sequence[Seen] | None] | None = None
    ) -> None:
        """`aside` is given the session's id and answers None when it could not be done."""
        self._aside = aside
        self._lock = Lock()
        self._seen: OrderedDict[tuple[FileChange, AllowList], Seen] = OrderedDict()

    def of(
        self, session: str, repository: SessionRepository, changes: Sequence[FileChange], allow: AllowList
    ) -> dict[str, Seen]:
        """By path. Two who ask at the same time wait for each other, and look once."""
        with self._lock:
            missing = [change for change in changes if (change, allow) not in self._seen]
            found = None
            if self._aside is not None and sum(change.size for change in missing) >= MANY_BYTES:
                found = self._aside(session, missing, allow)
            fresh = dict(zip(missing, found or look(repository, missing, allow), strict=True))
            known = {change.path: fresh.get(change) or self._seen[change, allow] for change in changes}
            for change, seen in fresh.items():
                self._seen[change, allow] = seen
            while len(self._seen) > _KEPT:
                self._seen.popitem(last=False)
            return known


def look(repository: SessionRepository, changes: Sequence[FileChange], allow: AllowList) -> Iterator[Seen]:
    """What each of them says, in order."""
    if not changes:
        return
    with repository.reading() as blob:
        for change in changes:
            content = blob(change.new_oid) if change.new_oid and change.new_mode != GITLINK else b""
            findings = (*_secrets(blob, change, content, allow), *file_findings(blob, change))
            yield Seen(findings, content.count(b"\n"))


def _secrets(blob: Callable[[str], bytes], change: FileChange, content: bytes, allow: AllowList) -> Iterable[Finding]:
    """Secrets that this change brings in, in whatever encoding; those that stood in the file before are not its
    doing."""
    if not change.new_oid or change.new_mode == GITLINK:
        return
    hits = scan(content, change.path, allow)
    old = blob(change.old_oid) if hits and change.old_oid and change.old_mode != GITLINK else b""
    before = {(hit.rule, hit.digest) for hit in scan(old, change.path, allow)} if old else set()
    for hit in hits:
        if (hit.rule, hit.digest) not in before:
            yield _secret(change, hit)
    if change.old_oid:
        return
    for hit in scan(change.path.encode("utf-8", errors="surrogateescape"), "", allow, (change.path,)):
        message = f"{hit.rule} in the file's name"
        yield make_finding(FindingKind.SECRET, Severity.BLOCKING, change.path, message, hint=_REMEDY, digest=hit.digest)


def _secret(change: FileChange, hit: SecretHit) -> Finding:
    said = "; ".join(part for part in (hit.form, hit.inside and f"in {hit.inside}", hit.proof) if part)
    return make_finding(
        FindingKind.SECRET,
        Severity.BLOCKING,
        change.path,
        f"{hit.rule}: {hit.redacted}{f' ({said})' if said else ''}",
        line=hit.line,
        hint=_REMEDY,
        about=f"{change.new_oid} {hit.digest}",
        digest=hit.digest,
    )
