"""Where secrets are kept: the same contract for every keychain, and which backends are refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends import fail, null

from engine.access.keychain_file import FileKeychain
from engine.access.keychain_system import SystemKeychain, system_keychain
from engine.vocabulary.access import Keychain
from tests.support.access import MemoryKeychain

ROOT = Path(__file__).parents[1]


@pytest.fixture(params=["file", "memory"])
def keychain(request: pytest.FixtureRequest, tmp_path: Path) -> Keychain:
    return FileKeychain(tmp_path / "keychain") if request.param == "file" else MemoryKeychain()


def keeps_its_promises(keychain: Keychain) -> None:
    """The contract of the port."""
    assert keychain.get("never") is None
    keychain.delete("never")
    for value in ("short", "ünï ☃ \n\t\"'", "x" * 4000):
        keychain.set("entry", value)
        assert keychain.get("entry") == value
    keychain.set("another", "stays")
    keychain.delete("entry")
    assert keychain.get("entry") is None
    assert keychain.get("another") == "stays"
    keychain.delete("another")
    assert keychain.kind in ("system", "file")
    assert keychain.where


def test_a_keychain_keeps_gives_back_and_deletes(keychain: Keychain) -> None:
    keeps_its_promises(keychain)


@pytest.fixture
def chosen() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


class Forgetful(fail.Keyring):
    """Takes everything and keeps nothing."""

    name = "forgetful"

    def get_password(self, service: str, username: str) -> str | None:
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        return None

    def delete_password(self, service: str, username: str) -> None:
        return None


class PlainText(Forgetful):
    """As `keyrings.alt.file` names itself."""

    __module__ = "keyrings.alt.file"


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring, Forgetful, PlainText])
@pytest.mark.usefixtures("chosen")
def test_a_backend_that_keeps_nothing_or_keeps_it_readable_is_refused(backend: Any) -> None:
    keyring.set_keyring(backend())
    assert system_keychain("home") is None


def test_a_backend_that_gives_back_something_else_is_not_proven() -> None:
    class Wrong(Forgetful):
        def get_password(self, service: str, username: str) -> str | None:
            return "something else"

    assert not SystemKeychain(Wrong(), "home").proven()


_REAL = """
import sys
sys.path.insert(0, {root!r})
from engine.access.keychain_system import system_keychain
from tests.test_keychains import keeps_its_promises
one, other = system_keychain("home-one"), system_keychain("home-two")
assert one is not None and other is not None, "no Secret Service answers"
keeps_its_promises(one)
one.set("entry", "of the first home")
assert other.get("entry") is None, "two homes share their secrets"
again = system_keychain("home-one")
assert again is not None and again.get("entry") == "of the first home"
one.delete("entry")
print(one.kind, one.where)
"""


@pytest.mark.keychain
def test_the_real_secret_service_keeps_the_same_promises(tmp_path: Path) -> None:
    unlocked = 'eval "$(printf %s pw | gnome-keyring-daemon --unlock --components=secrets)"; exec "$@"'
    script = _REAL.format(root=str(ROOT))
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    environment.pop("DBUS_SESSION_BUS_ADDRESS", None)
    ran = subprocess.run(
        ["dbus-run-session", "--", "bash", "-c", unlocked, "_", sys.executable, "-c", script],
        capture_output=True, text=True, timeout=120, check=False, env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("system the system's keychain (")


def test_the_layer_is_skipped_only_where_its_programs_are_missing() -> None:
    from tests.conftest import why_no_keychain

    have = all(shutil.which(program) for program in ("dbus-run-session", "gnome-keyring-daemon"))
    assert (why_no_keychain() == "") == have
