"""What is typed into a secret field of the real app never reaches its terminal: whole, in part, or in a spelling."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path

import pyotp
import pytest

from engine.engine import Engine
from tests.support.app_in_a_terminal import Terminal, app_in_a_terminal
from tests.support.sessions import playbook, worked
from tests.test_canaries import PIN, WRONG, found

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

OTHER = "604827193586"
_SECRET = re.compile(r"(?:[A-Z2-7]{4} ){3}[A-Z2-7]{4}")
_BACKUP = re.compile(r"[a-z2-9]{5}-[a-z2-9]{5}")


def parts_in(text: str, secrets: Iterable[str], least: int) -> list[str]:
    """Every stretch of so many signs of a secret that stands in the text."""
    return [
        secret[at : at + least] for secret in secrets for at in range(len(secret) - least + 1)
        if secret[at : at + least] in text
    ]  # fmt: skip


def asks(app: Terminal, empty: str, *texts: str) -> None:
    """Wait for the texts, and until keys go to the field that says `empty`: the cursor sets its first letter apart."""
    app.says(*texts, sends=re.compile(empty[0].encode() + rb"(\x1b\[[0-9;]*m)+" + empty[1:].encode()))


def type_in(app: Terminal, secret: str) -> None:
    """As a person does it, key after key: each is drawn before the next one comes, as a dot or, if it leaked, as is."""
    for at, key in enumerate(secret, start=1):
        app.press(key)
        app.says(sends=re.compile(f"{'•' * at}|{secret[:at]}".encode()))


def type_twice(app: Terminal, secret: str) -> None:
    """A new PIN. The second field is typed in once it is the one that keys go to."""
    asks(app, "PIN")
    app.press(secret, "enter")
    asks(app, "the same once more")
    app.press(secret, "enter")


def test_no_pin_and_no_code_typed_into_the_app_is_among_the_bytes_of_its_terminal(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    steps = [{"write": {"path": "docs/x.md", "content": "# x\n"}}]
    session = worked(engine, repository, playbook(tmp_path, {"id": "x", "steps": steps})).id
    engine.close()
    with app_in_a_terminal(home, repository, size=(80, 24)) as app:
        app.says("ready to review")
        app.press(",")
        app.says("tidy up")
        app.press("t")
        app.says("Nothing is set")
        app.press("p")
        asks(app, "PIN", "No PIN was ever set")
        type_in(app, PIN)
        app.press("enter")
        asks(app, "the same once more")
        app.press(PIN, "enter")
        app.says("the PIN is set")
        # Changed, after a wrong one.
        app.press("p")
        asks(app, "PIN", "The current PIN first")
        app.press(WRONG, "enter")
        app.says("Kept until the new PIN is set")
        type_twice(app, OTHER)
        app.says("the PIN is wrong")
        asks(app, "PIN")
        app.press(PIN, "enter")
        app.says("Kept until the new PIN is set")
        type_twice(app, OTHER)
        app.says("✓ the PIN is set; the PIN")
        # A promotion asks for it.
        app.press("q")
        app.says("tidy up")
        app.press("q")
        app.says("ready to review")
        app.press("d")
        app.says("can promote 1 file")
        app.press("P")
        asks(app, "PIN", "Your PIN lets it happen")
        app.press(PIN, "enter")
        app.says("the PIN is wrong")
        asks(app, "PIN")
        type_in(app, OTHER)
        app.press("enter")
        app.says("promoted 1 file")
        app.press("enter")
        app.says("U undo")
        app.press("q")
        app.says("new goal")
        # Codes instead, whose secret and backup codes are shown, once.
        app.press(",")
        app.says("tidy up")
        app.press("t")
        app.says("A PIN is set")
        app.press("c")
        asks(app, "PIN", "The current PIN first")
        app.press(OTHER, "enter")
        asks(app, "code of the app")
        seed = "".join(_SECRET.findall(app.text)[-2:]).replace(" ", "")
        live = pyotp.TOTP(seed)
        first = live.now()
        type_in(app, first)
        app.press("enter")
        backup = _BACKUP.findall(app.says("They are shown this once", "Keep them on paper"))[-6:]
        assert len(set(backup)) == 6
        app.press("y")
        app.says("one-time codes are set")
        told = len(app.text)
        app.press("q")
        app.says("tidy up")
        app.press("q")
        app.says("new goal")
        app.press("d")
        app.says("U undo")
        app.press("U")
        asks(app, "code", "A code from your authenticator app")
        app.press(backup[0][:-1] + "x", "enter")
        app.says("the code is wrong")
        asks(app, "code")
        second = live.now() if live.now() != first else live.at(time.time() + 30)
        type_in(app, second)
        app.press("enter")
        app.says("✓ can promote 1 file")
        text, drawn = app.text, bytes(app.drawn)
    assert session in text
    assert parts_in(text, (PIN, WRONG, OTHER), 6) == []
    assert parts_in(text, (first, second), 6) == []
    assert parts_in(text[told:], [seed, *(seed[at : at + 4] for at in range(0, len(seed), 4)), *backup], 5) == []
    secrets = {"the PIN": PIN, "a wrong PIN": WRONG, "the new PIN": OTHER}
    assert found("the terminal", drawn, secrets) == []
