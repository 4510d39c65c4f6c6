"""Chooses the sandbox of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.errors import SandboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.vocabulary.ports import SandboxProvider
    from engine.vocabulary.runs import SandboxStatus


def choose(prefer: str, providers: Sequence[SandboxProvider]) -> SandboxProvider:
    """The first provider that works, or the preferred one when it is named (`auto` or empty names none). One that
    leaves something unlimited is taken when no other works, and one that first has to fetch something after that.
    Raises SandboxUnavailable with every reason and what to do."""
    wanted = [found for found in providers if prefer in ("", "auto", found.name)]
    if not wanted:
        known = ", ".join(["auto", *(found.name for found in providers)])
        raise SandboxUnavailable(f"there is no sandbox called {prefer!r}", f"known: {known}")
    refused: list[SandboxStatus] = []
    later: list[SandboxProvider] = []
    for provider in wanted:
        status = provider.probe()
        if status.available and not status.unlimited:
            return provider
        if status.available or status.fetchable:
            later.insert(0 if status.available else len(later), provider)
        refused.append(status)
    if later:
        return later[0]
    reasons = "; ".join(f"{status.name}: {status.detail}" for status in refused)
    hints = "\n".join(dict.fromkeys(status.hint for status in refused if status.hint))
    raise SandboxUnavailable(f"no sandbox can be had on this machine ({reasons})", hints)
