"""The state of the audit log's chain: looked at in the background from soon after the first paint on, shown in every
header."""

from __future__ import annotations

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
WHOLE_EVERY = 120
"""Every so many looks, ten minutes, the whole log is verified whatever changed."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The last verdict, None before the first one, or the `trouble` that kept it from being had."""

    verdict: AuditVerdict | None = None
    trouble: str = ""


class ChainWatch:
    """Keeps `chain` true; `changed` is called in the app's thread when it is another one."""

    def __init__(self, app: App[int], engine: EngineFace, changed: Callable[[], None]) -> None:
        self.chain = Chain()
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
        ask(self._app, lambda: engine.audit.watch(before), self._found, self._failed, group="chain")

    def _found(self, verdict: AuditVerdict) -> None:
        self._over(Chain(verdict))

    def _failed(self, error: OrionError) -> None:
        self._over(Chain(None, error.message))

    def _over(self, chain: Chain) -> None:
        self._looking = False
        if chain != self.chain:
            self.chain = chain
            self._changed()


def chain_parts(chain: Chain) -> Parts:
    """`audit ✓ 1,204`, `audit ✗`, or `audit ?` when the key cannot be had; nothing before the first look."""
    if chain.trouble:
        return (("audit ?", "accent"),)
    if chain.verdict is None:
        return ()
    if not chain.verdict.valid:
        return (("audit ✗", "bad"),)
    return ((f"audit ✓ {chain.verdict.entries:,}", "muted"),)
