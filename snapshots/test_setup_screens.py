"""The first run, step by step, and one-time codes; at both sizes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.vocabulary.requests import AuthStatus, DoctorCheck
from tests.support.app_driver import made_app
from tests.support.fake_engine import FakeEngine
from tests.support.fake_roles import FakeRoles
from tests.support.screens import settled, until

Before = Callable[[Pilot[Any]], Awaitable[None]]

UNSET = AuthStatus(
    "", 3, 0.0, "nothing is set yet; it will be kept in an encrypted file in /home/ada/.orion/keychain, since no "
    "system keychain answers", "file"
)  # fmt: skip
NO_BOX = DoctorCheck(
    "sandbox.bubblewrap",
    "fail",
    "AppArmor forbids unprivileged user namespaces (kernel.apparmor_restrict_unprivileged_userns = 1)",
    "save this as /etc/apparmor.d/orion-bubblewrap and run "
    "`sudo apparmor_parser -r /etc/apparmor.d/orion-bubblewrap`:\n"
    'profile orion-bubblewrap "/usr/bin/bwrap" flags=(unconfined) {\n  userns,\n}',
)


def made(picture: str) -> FakeEngine:
    engine: Any = FakeEngine()
    engine.roles = FakeRoles()
    engine.auth.state = UNSET
    if picture == "machine_not_fit":
        checks = engine.doctor.checks
        engine.doctor.checks = (checks[0], replace(checks[1], status="fail"), NO_BOX, *checks[4:])
    return engine


def steps(*pressed: str) -> Before:
    async def before(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        app.go("setup")
        await settled(pilot)
        for key in pressed:
            await pilot.press(key)
            await settled(pilot)

    return before


PICTURES: dict[str, Before] = {
    "machine": steps(),
    "machine_not_fit": steps(),
    "role": steps("enter"),
    "secret": steps("enter", "enter"),
    "codes": steps("enter", "enter", "ctrl+o"),
    "backup_codes": steps("enter", "enter", "ctrl+o", *"123456", "enter"),
    "dry_run": steps("enter", "enter", "ctrl+n"),
    "ready": steps("enter", "enter", "ctrl+n", "enter"),
}


@pytest.mark.parametrize("picture", sorted(PICTURES))
def test_the_screen_looks_as_it_did(picture, size, snap_compare):
    assert snap_compare(made_app(made(picture)), terminal_size=size, run_before=PICTURES[picture])
