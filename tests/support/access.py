"""The second factor on a clock that a test sets, with a keychain of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from engine.access.keychain_file import FileKeychain
from engine.access.keychains import Keychains
from engine.access.second_factor import SecondFactor
from engine.access.store import AccessStore
from engine.storage.clock import SystemClock
from engine.vocabulary.access import Keychain

PIN, OTHER, WRONG = "482915", "739162", "906274"


class SetClock:
    """A clock that a test sets: `boot` names this start of the machine."""

    def __init__(self) -> None:
        self.wall = datetime(2026, 1, 1, tzinfo=UTC)
        self.seconds = 1_000.0
        self.boot = "boot-1"

    def now(self) -> datetime:
        return self.wall

    def boot_s(self) -> float:
        return self.seconds

    def boot_id(self) -> str:
        return self.boot


class MemoryKeychain:
    """A system's keychain that lives as long as the test. `silent` is one that does not answer."""

    kind = "system"
    where = "the system's keychain (of the test)"

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}

    def place_of(self, entry: str) -> tuple[str, str]:
        return "orion", f"{entry}@test"

    def get(self, entry: str) -> str | None:
        return self.entries.get(entry)

    def set(self, entry: str, value: str) -> None:
        self.entries[entry] = value

    def delete(self, entry: str) -> None:
        self.entries.pop(entry, None)


def second_factor(
    home: Path,
    clock: SetClock | SystemClock | None = None,
    *,
    system: Keychain | None = None,
    was_set: bool = False,
    cost: int = 4,
) -> SecondFactor:
    """What a new process would open in that home."""
    clock = clock or SystemClock()
    keychains = Keychains(home, home / "keychain", lambda _: system)
    store = AccessStore(home / "access.json", keychains, clock, older=home / "auth.json", was_set=lambda: was_set)
    return SecondFactor(store, clock, cost=cost)


def file_keychain(home: Path) -> FileKeychain:
    return FileKeychain(home / "keychain")


def a_keychain(kind: str) -> MemoryKeychain | None:
    """For a test that holds of both kinds: a system's keychain, or none, which makes it the file."""
    return MemoryKeychain() if kind == "system" else None


def with_a_pin(home: Path, clock: SetClock, system: MemoryKeychain | None) -> SecondFactor:
    made = second_factor(home, clock, system=system)
    made.set_pin(PIN, None)
    return made
