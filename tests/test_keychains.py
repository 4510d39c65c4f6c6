"""Where secrets are kept: the same contract for every keychain, and which backends are refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends import fail, null
from keyring.backends.chainer import ChainerBackend

from engine.access.keychain_file import FileKeychain
from engine.access.keychain_system import SystemKeychain, system_keychain
from engine.vocabulary.access import Keychain
from engine.vocabulary.errors import KeychainError
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
    priority = -1
    """keyring knows of every class there is, and would take one of these for the machine's own in other tests."""

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


class Slow(Forgetful):
    """Answers when it is told to, as one does that waits for somebody to unlock it."""

    def __init__(self) -> None:
        self.told = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.told.wait(60)
        return None


def test_a_keychain_that_does_not_answer_is_told_of_and_never_waited_for_without_end() -> None:
    slow = Slow()
    keychain = SystemKeychain(slow, "home", patience_s=0.05)
    for use in (lambda: keychain.get("entry"), lambda: keychain.delete("entry")):
        with pytest.raises(KeychainError, match=r"no answer in 0\.05 seconds; is it locked") as caught:
            use()
        assert "unlock it" in caught.value.hint
    assert not keychain.proven()
    slow.told.set()
    assert keychain.get("entry") is None


@pytest.mark.usefixtures("chosen")
def test_looking_for_a_keychain_has_an_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()
    monkeypatch.setattr(keyring, "get_keyring", lambda: told.wait(60))
    assert system_keychain("home", patience_s=0.05) is None
    told.set()


class Vanished(Forgetful):
    """Its service is gone, and says so in words of its library."""

    def get_password(self, service: str, username: str) -> str | None:
        raise OSError("org.freedesktop.DBus.Error.ServiceUnknown")


def test_a_keychain_that_vanishes_is_told_of_in_its_own_words() -> None:
    with pytest.raises(KeychainError, match="ServiceUnknown"):
        SystemKeychain(Vanished(), "home").get("entry")


@pytest.mark.parametrize(
    ("module", "name", "known"),
    [
        ("keyring.backends.macOS", "Keyring", True),
        ("keyring.backends.Windows", "WinVaultKeyring", True),
        ("keyring.backends.SecretService", "Keyring", True),
        ("keyring.backends.libsecret", "Keyring", True),
        ("keyring.backends.kwallet", "DBusKeyring", True),
        ("keyring.backends.fail", "Keyring", False),
        ("keyring.backends.null", "Keyring", False),
        ("keyrings.alt.file", "PlaintextKeyring", False),
        ("keyrings.alt.file", "EncryptedKeyring", False),
        ("keyrings.cryptfile.cryptfile", "CryptFileKeyring", False),
    ],
)
@pytest.mark.usefixtures("chosen")
def test_the_backends_of_every_system_are_taken_and_weak_ones_never(module: str, name: str, known: bool) -> None:
    """By their class alone: whether one of another system keeps its word is for its own probe to show, there."""
    entries: dict[tuple[str, str], str] = {}

    class Kept(Forgetful):
        def get_password(self, service: str, username: str) -> str | None:
            return entries.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            entries[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            del entries[service, username]

    Kept.__module__, Kept.__qualname__ = module, name
    keyring.set_keyring(Kept())
    found = system_keychain("home")
    assert (found is not None) == known
    assert entries == {}, "the probe leaves nothing behind"
    chained = ChainerBackend()
    monkey = pytest.MonkeyPatch()
    monkey.setattr(ChainerBackend, "backends", [null.Keyring(), Kept()])
    keyring.set_keyring(chained)
    assert (system_keychain("home") is not None) == known
    monkey.undo()


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

# Somebody locks it, and nobody is there to unlock it: an error in time, and everything is there again afterwards.
import secretstorage, time
from contextlib import closing
from engine.access.keychain_system import SystemKeychain
from engine.vocabulary.errors import KeychainError
one.set("entry", "kept over the lock")
patient = SystemKeychain(one._backend, "home-one", patience_s=3.0)
connection = secretstorage.dbus_init()
secretstorage.get_default_collection(connection).lock()
began = time.monotonic()
try:
    patient.get("entry")
except KeychainError as error:
    assert "does not answer" in error.message and "unlock it" in error.hint
else:
    raise SystemExit("a locked keychain gave its secret")
assert time.monotonic() - began < 10
assert not patient.proven()
assert system_keychain("home-one", patience_s=3.0) is None

# Its service goes away in mid-session: an error in time again.
import os, signal
os.kill(int(os.environ["GNOME_KEYRING_PID"]), signal.SIGKILL)
began = time.monotonic()
try:
    patient.set("entry", "lost")
except KeychainError:
    pass
else:
    raise SystemExit("nobody kept it")
assert time.monotonic() - began < 10
print(one.kind, one.where)
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.keychain
def test_the_real_secret_service_keeps_the_same_promises(tmp_path: Path) -> None:
    unlocked = (
        "printf %s pw | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null & "
        "GNOME_KEYRING_PID=$!; export GNOME_KEYRING_PID; "
        # Asked of the bus, not of the service: the latter would start another one, which is locked.
        "for i in $(seq 100); do dbus-send --session --print-reply --dest=org.freedesktop.DBus "
        "/org/freedesktop/DBus org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null "
        '| grep -q "boolean true" && break; sleep 0.1; done; exec "$@"'
    )
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
