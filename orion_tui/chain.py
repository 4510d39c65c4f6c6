"""The state of the audit log's chain: looked at in the background from soon after the first paint on, shown in every
header."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orion_tui.bridge import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App

    from engine.vocabulary.audit import AuditVerdict
    from engine.vocabulary.errors import OrionError
    from orion_tui.engine_face import EngineFace
    from orion_tui.widgets.signs import Parts

FIRST_LOOK_S = 1.0
LOOK_AGAIN_S = 5.0
TELL_S = 0.1
"""Between two words on how far a verification is."""

WHOLE_EVERY = 120
"""Every so many looks, ten minutes, the whole log is verified whatever changed."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The last verdict, None before the first one, or the `trouble` that kept it from being had."""

    verdict: AuditVerdict | None = None
    trouble: str = ""


class ChainWatch:
    """Keeps `chain` true, and `progress` while a long log is verified; `changed` is called in the app's thread when one
    of them is another."""

    def __init__(self, app: App[int], engine: EngineFace, changed: Callable[[], None]) -> None:
        self.chain = Chain()
        self.progress = ""
        self._told_at = 0.0
        self._app = app
        self._engine = engine
        self._changed = changed
        self._looking = False
        self._looks = 0
        app.set_timer(FIRST_LOOK_S, self.look)
        app.set_interval(LOOK_AGAIN_S, self.look)

    def look(self) -> None:
        """Look now; it costs next to nothing while the log is as it was."""
        if self._looking:
            return
        self._looking = True
        self._looks += 1
        engine, before = self._engine, self.chain.verdict if self._looks % WHOLE_EVERY else None
        ask(self._app, lambda: engine.audit.watch(before, self._told), self._found, self._failed, group="chain")

    def _told(self, checked: int, of: int) -> None:
        """In the engine's thread, which is not held up."""
        now = time.monotonic()
        if now - self._told_at > TELL_S:
            self._told_at = now
            self._app.call_later(self._show, progress_words(checked, of))

    def _show(self, progress: str) -> None:
        if self._looking:
            self.progress = progress
            self._changed()

    def _found(self, verdict: AuditVerdict) -> None:
        self._over(Chain(verdict))

    def _failed(self, error: OrionError) -> None:
        self._over(Chain(None, error.message))

    def _over(self, chain: Chain) -> None:
        self._looking = False
        if chain != self.chain or self.progress:
            self.chain, self.progress = chain, ""
            self._changed()


def progress_words(checked: int, of: int) -> str:
    """How far a verification is; `of` is 0 when nothing says how long the log is."""
    return f"verifying {checked:,} of {of:,}" if of >= checked else f"verifying {checked:,}"


def chain_parts(chain: Chain) -> Parts:
    """`audit ✓ 1,204`, `audit ✗`, or `audit ?` when the key cannot be had; nothing before the first look."""
    if chain.trouble:
        return (("audit ?", "accent"),)
    if chain.verdict is None:
        return ()
    if not chain.verdict.valid:
        return (("audit ✗", "bad"),)
    return ((f"audit ✓ {chain.verdict.entries:,}", "muted"),)
