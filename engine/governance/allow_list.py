"""What a person has said is no secret: by its text, by the file it stands in, or by its digest, each with a reason.

The list is the user's own (`ORION_HOME/secrets_allowlist.yaml`). Nothing that lies in a repository can add to it, and
`redact` does not know it: what is allowed to be promoted is still hidden where texts are shown, stored or sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.governance.globs import path_matches

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 4096  # bytes of a secret that a pattern is tried on


@dataclass(frozen=True, slots=True)
class Allowance:
    """One entry: exactly one of `pattern` (a regular expression that the whole secret must match), `path` (a glob as in
    a role's scope) and `digest` (SHA-256 of the secret) is set. With `rule` it holds for that kind only."""

    reason: str
    pattern: str = ""
    path: str = ""
    digest: str = ""
    rule: str = ""

    def covers(self, rule: str, secret: bytes, digest: str, paths: Sequence[str]) -> bool:
        """Whether this find is meant. `paths` are the names under which the file goes."""
        if self.rule and self.rule != rule:
            return False
        if self.digest:
            return digest == self.digest
        if self.path:
            return any(path_matches(self.path, path) for path in paths)
        return re.fullmatch(self.pattern, secret[:_LONGEST].decode("utf-8", "replace")) is not None


@dataclass(frozen=True, slots=True)
class AllowList:
    """The entries of the file, in its order. `trouble` says why the file cannot be used; then nothing is allowed."""

    entries: tuple[Allowance, ...] = ()
    trouble: str = ""

    def covers(self, rule: str, secret: bytes, digest: str, paths: Sequence[str]) -> bool:
        """Whether any entry allows the find."""
        return any(entry.covers(rule, secret, digest, paths) for entry in self.entries)


NOTHING = AllowList()
