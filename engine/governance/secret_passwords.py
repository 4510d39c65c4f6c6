"""Passwords behind a password's name, and what a Kubernetes secret holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.governance.secret_values import is_password

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PASSWORD = -3  # number for the automaton
PASSWORD_WORDS = (b"pass", b"pwd", b"secret", b"credential")
_PASSWORD = re.compile(
    rb"(?i:passw(?:or)?d|passwd|pwd|passphrase|secret|credentials?|(?<![a-z])pass(?![a-z]))(?i:[A-Za-z0-9_\-]{0,20})[\"'\]\\]{0,3}\s{0,6}"
    rb"(?:[A-Za-z]{2,10}\s{1,3})?(?::=|=>|[!=]?==?|[:>])\s{0,6}"
    rb"(?:\"([^\"\s]{6,150})\"|'([^'\s]{6,150})'|`([^`\s]{6,150})`|([^\s\"'`,;<>(){}\[\]\\]{8,150})(?![(\[\w]))"
)
# What the name is part of: the number of a resource, or the type of one (`AWS::SecretsManager::Secret`).
_ABOUT = re.compile(rb"arn:|[A-Za-z]::[A-Za-z0-9]*\Z")
_K8S = re.compile(rb"(?im)^\s{0,8}kind:\s{1,4}[\"']?secret[\"']?\s{0,20}$")
_K8S_DATA = re.compile(rb"(?m)^(?:string)?[dD]ata:\s{0,8}$")
_K8S_END = re.compile(rb"(?m)^[^\s#]")
_K8S_LINE = re.compile(
    rb"(?m)^[ \t]{1,12}[A-Za-z0-9_.\-]{1,80}:[ \t]{0,4}(?:[>|]-?\s{1,20})?[\"']?([A-Za-z0-9+/]{8,8000}={0,2})"
)


def passwords(data: bytes, places: Iterable[int]) -> Iterator[tuple[int, int, str]]:
    """Start, end and rule of the passwords at these places of `PASSWORD_WORDS`."""
    done = 0
    for place in places:
        if place < done:
            continue
        match = _PASSWORD.match(data, place)
        if match is None or _ABOUT.search(data[max(place - 80, 0) : place]):
            continue
        group = match.lastindex or 0
        value = match.group(group).decode("utf-8", "replace")
        bare = group == 4
        if is_password(value, quoted=not bare) and (not bare or _is_bare_password(value)):
            done = match.end()
            yield (*match.span(group), "password")


def _is_bare_password(value: str) -> bool:
    """Without quotes it could be code: then both letters and digits are asked for, and no sign that code has."""
    return sum(c.isdigit() for c in value) >= 2 and any(c.isalpha() for c in value) and "." not in value[1:-1]


def kubernetes(data: bytes) -> Iterator[tuple[int, int, str]]:
    """What stands under `data:` in a manifest of the kind Secret."""
    if not (b"ecret" in data and b"kind:" in data and _K8S.search(data)):
        return
    for heading in _K8S_DATA.finditer(data):
        end = _K8S_END.search(data, heading.end())
        for line in _K8S_LINE.finditer(data, heading.end(), end.start() if end else len(data)):
            yield (*line.span(1), "kubernetes-secret")
