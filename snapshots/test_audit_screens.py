"""The audit log: the list, one entry in full, and what a broken chain looks like; at both sizes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.vocabulary.audit import AuditEntry, AuditHead, AuditRecord, AuditVerdict
from orion_tui import chain
from tests.support.app_driver import made_app
from tests.support.fake_engine import FakeEngine
from tests.support.fake_nights import night
from tests.support.screens import settled, until

Before = Callable[[Pilot[Any]], Awaitable[None]]

FACTS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("account", "authentication_changed", "user", {"method": "pin", "why": "set"}),
    ("s002", "session_created", "user", {"goal": "Implement user authentication", "role": "software-engineer"}),
    ("s002", "gate", "aegis", {"verdict": {"decision": "allow", "message": "software-engineer may run the tests"}}),
    ("s002", "gate", "aegis", {"verdict": {"decision": "block", "message": "the role forbids it: deploy"}}),
    ("s002", "checkpoint", "orion", {"task": "model", "commit": "1" * 40, "why": "kept"}),
    ("s002", "parked", "aegis", {"reason": "a new dependency is for a person to decide", "task": "bcrypt"}),
    (
        "account",
        "authenticated",
        "user",
        {"what": "promote", "passed": False, "reason": "the PIN is wrong, 2 tries left"},
    ),
    ("account", "authenticated", "user", {"what": "promote", "passed": True, "session": "s001"}),
    ("s001", "promoted", "user", {"commit": "c0ffee" + "0" * 34, "files": 2}),
)


def made(picture: str) -> FakeEngine:
    engine: Any = night()
    for n, (session, event, actor, details) in enumerate(FACTS, 1):
        record = AuditRecord(n, f"2026-01-06T02:{n:02d}:00+00:00", session, event, actor, details)
        engine.audit.log.append(AuditEntry(n, record, f"{n:064x}"))
    engine.audit.verdict = AuditVerdict(True, 1204, None, "", AuditHead(1204, "a"), ("file", "keychain"))
    if picture == "broken":
        engine.audit.verdict = AuditVerdict(
            False, 3, 4, "entry 4: it was changed, or sealed with another key", AuditHead()
        )
    return engine


def at(screen: str, *pressed: str) -> Before:
    async def before(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        await until(pilot, lambda: app.chain.verdict is not None, "the chain")
        if screen != "home":
            app.go(screen)
        await settled(pilot)
        for key in pressed:
            await pilot.press(key)
            await settled(pilot)

    return before


PICTURES: dict[str, Before] = {
    "home": at("home"),
    "log": at("audit", "down"),
    "broken": at("audit"),
    "kinds": at("audit", "k"),
    "detail": at("audit", "down", "enter"),
}


@pytest.mark.parametrize("picture", sorted(PICTURES))
def test_the_screen_looks_as_it_did(picture, size, snap_compare, monkeypatch):
    monkeypatch.setattr(chain, "FIRST_LOOK_S", 0.01)
    assert snap_compare(made_app(made(picture)), terminal_size=size, run_before=PICTURES[picture])
