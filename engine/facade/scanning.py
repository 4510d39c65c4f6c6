"""`engine.scan`: the secret scanner and the content guard, on what is handed in, on files and on git ranges; and the
user's list of what is no secret."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.governance.allow_list import NOTHING, Allowance
from engine.vocabulary.access import Guarded
from engine.vocabulary.errors import ConfigError, UsageError
from engine.vocabulary.events import ACCOUNT, EventKind, Fact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from engine.facade.core import Core
    from engine.facade.scanned_files import ScannedFile
    from engine.governance.allow_list import AllowList
    from engine.governance.secrets import SecretHit
    from engine.vocabulary.requests import Guarded as GuardedText
    from engine.workspace.additions import Addition, Additions


@dataclass(frozen=True, slots=True)
class ScannedCommit:
    """What one commit (empty: the index) brings in at a path: its finds. The path of a message is `commit message`."""

    commit: str
    path: str
    hits: tuple[SecretHit, ...]


class Scan:
    """Looks and keeps nothing, but for the allow-list."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def secrets(self, data: bytes, path: str = "") -> tuple[SecretHit, ...]:
        """Secrets in the bytes of one file, redacted, with their lines. Raises ConfigError for a broken allow-list."""
        from engine.governance.secrets import scan

        return scan(data, path, self.allow_list())

    def stream(self, read: Callable[[int], bytes], path: str = "") -> tuple[SecretHit, ...]:
        """Secrets in what `read` gives, piece by piece where that is much. Raises ConfigError."""
        from engine.facade.scanned_files import scan_stream

        return scan_stream(read, path, self.allow_list())

    def files(self, paths: Sequence[Path]) -> Iterator[ScannedFile]:
        """Every file named or below a named folder. Raises UsageError, ConfigError."""
        from engine.facade.scanned_files import scan_paths

        return scan_paths(paths, self.allow_list())

    def commits(self, workspace: Path, wanted: str) -> Iterator[ScannedCommit]:
        """What the commits of a range such as `main..HEAD` add: contents, file names and messages. A secret that stood
        in the file before is not told again. Raises UsageError, ConfigError."""
        from engine.governance.secrets import scan
        from engine.workspace.additions import Additions

        allow, repository = self.allow_list(), Additions(workspace)
        for commit, message in repository.messages(wanted):
            hits = scan(message, "", allow, ("commit message",))
            if hits:
                yield ScannedCommit(commit, "commit message", hits)
        yield from _added(repository, repository.in_range(wanted), allow)

    def staged(self, workspace: Path) -> Iterator[ScannedCommit]:
        """What the index holds beyond the last commit. Raises UsageError, ConfigError."""
        from engine.workspace.additions import Additions

        repository = Additions(workspace)
        yield from _added(repository, repository.staged(), self.allow_list())

    def guard(self, goal: str) -> GuardedText:
        """What the content guard makes of a goal."""
        from engine.governance.guard import guard

        return guard(goal)

    def redact(self, text: str) -> str:
        """The text with every secret in it made unreadable."""
        from engine.governance.secrets import redact

        return redact(text)

    def allow_list(self) -> AllowList:
        """What the user's file allows. Raises ConfigError with line and field of every fault."""
        if not self.allow_list_path().exists():
            return NOTHING
        from engine.storage.allow_list import read_allow_list

        return read_allow_list(self.allow_list_path())

    def allow_list_path(self) -> Path:
        return self._core.home.allow_list

    def allow(
        self,
        reason: str,
        secret: str | None,
        *,
        pattern: str = "",
        path: str = "",
        digest: str = "",
        rule: str = "",
    ) -> None:
        """Add an entry with one of `pattern` (a regular expression for the whole secret), `path` (a glob) and `digest`
        (as a find tells it), which needs the PIN or a code. Raises AuthError, Locked, ConfigError (the entry, or the
        file as it stands, is not valid), UsageError (no reason)."""
        from engine.storage.allow_list import with_entry

        entry = Allowance(reason, pattern, path, digest, rule)
        if not entry.reason.strip():
            raise UsageError("an entry of the allow-list needs a reason", "say why it is no secret: --reason TEXT")
        self._write(with_entry(self._text(), entry), "added", entry, secret)

    def disallow(self, number: int, secret: str | None) -> None:
        """Take the entry of that number (from 1, in the file's order) out again. Raises as `allow` does."""
        from engine.storage.allow_list import without_entry

        entries = self.allow_list().entries
        if not 1 <= number <= len(entries):
            raise UsageError(f"the allow-list has no entry {number}", "see: orion allowlist")
        self._write(without_entry(self._text(), number), "removed", entries[number - 1], secret)

    def _text(self) -> str:
        path = self.allow_list_path()
        try:
            return path.read_text("utf-8") if path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be read: {error}", "repair or remove it") from error

    def _write(self, text: str, change: str, entry: Allowance, secret: str | None) -> None:
        from engine.storage.files import write_private

        self._core.authoriser.authorise(Guarded.CHANGE_SETTING, secret)
        kind = "path" if entry.path else "pattern" if entry.pattern else "digest"
        told = {"fields": ["secrets_allowlist"], "change": change, "kind": kind, "reason": entry.reason}
        # A pattern may be the very secret, spelled out.
        value = entry.path or entry.digest or hashlib.sha256(entry.pattern.encode()).hexdigest()
        # Journal first: an entry that is told and not there lets nothing through.
        self._core.journal.append(
            ACCOUNT, [Fact(EventKind.SETTING_CHANGED, {**told, "value": value, "rule": entry.rule})]
        )
        write_private(self.allow_list_path(), text.encode())


def known_allow_list(core: Core) -> AllowList:
    """The user's allow-list; one that cannot be read allows nothing and says why."""
    from engine.governance.allow_list import AllowList

    try:
        return Scan(core).allow_list()
    except ConfigError as error:
        return AllowList(trouble=error.message)


def _added(repository: Additions, additions: Iterator[Addition], allow: AllowList) -> Iterator[ScannedCommit]:
    from engine.facade.scanned_files import scan_stream
    from engine.governance.secrets import scan

    seen: dict[tuple[str, str], tuple[SecretHit, ...]] = {}

    def hits_of(oid: str, path: str) -> tuple[SecretHit, ...]:
        if (oid, path) not in seen:
            with repository.blob(oid) as blob:
                seen[oid, path] = scan_stream(blob.read, path, allow)
        return seen[oid, path]

    for addition in additions:
        hits = hits_of(addition.new, addition.path)
        if hits and addition.old:
            before = {(hit.rule, hit.digest) for hit in hits_of(addition.old, addition.path)}
            hits = tuple(hit for hit in hits if (hit.rule, hit.digest) not in before)
        if not addition.old:
            named = scan(addition.path.encode("utf-8", "surrogateescape"), "", allow, (addition.path,))
            hits += tuple(replace(hit, line=0, form="file name") for hit in named)
        if hits:
            yield ScannedCommit(addition.commit, addition.path, hits)
