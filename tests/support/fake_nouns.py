"""The small nouns of the stand-in engine: roles, playbooks, the second factor, the audit log, what a doctor finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.planning.suggesting import suggest
from engine.roles.profile import parse_role
from engine.roles.splicing import remove_value, set_value
from engine.roles.typical import scenarios_of
from engine.storage.settings import parse_settings
from engine.storage.settings_form import fields_of, path_of, value_of
from engine.vocabulary.absence import Absence
from engine.vocabulary.access import TotpOffer
from engine.vocabulary.audit import AuditEntry, AuditHead, AuditVerdict
from engine.vocabulary.errors import AuthError, ConfigError
from engine.vocabulary.first_run import Standing, Suggestion
from engine.vocabulary.guarded_settings import weakened
from engine.vocabulary.housekeeping import DiskUse, Leftover
from engine.vocabulary.requests import (
    AuthStatus,
    DoctorCheck,
    DoctorReport,
    Guarded,
    PlaybookEntry,
    RoleEntry,
    Stripped,
)
from engine.vocabulary.role_forms import Trial
from engine.vocabulary.roles import RoleSource, Thresholds
from engine.vocabulary.room import MemoryRoom
from engine.vocabulary.setting_forms import SettingsPreview, SettingsText
from engine.vocabulary.settings import Settings
from orion_tui.actions import known_acts
from tests.support.fake_facts import PIN, role_named

if TYPE_CHECKING:
    from tests.support.fake_engine import FakeEngine


class FakeScan:
    def guard(self, goal: str) -> Guarded:
        hits = (Stripped("override", "ignore previous instructions"),) if "ignore" in goal else ()
        return Guarded(not hits, float(bool(hits)), goal.replace("ignore previous instructions", ""), hits)

    def allow(self, reason: str, secret: str | None, *, digest: str = "") -> None:
        self.allowed = (reason, digest)


class FewRoles:
    def thresholds(self, name: str, workspace: Path | None = None) -> Thresholds:
        return Thresholds()

    def stamp(self, workspace: Path | None = None) -> tuple[tuple[str, int, int, int], ...]:
        return ()

    def list(self, workspace: Path | None = None) -> tuple[RoleEntry, ...]:
        names = ("devops-engineer", "qa-engineer", "software-engineer", "technical-writer")
        return tuple(
            RoleEntry(name, RoleSource.STARTER, f"roles/{name}.yaml", role_named(name), True) for name in names
        )


class FakePlaybooks:
    def list(self) -> tuple[PlaybookEntry, ...]:
        return (
            PlaybookEntry("tidy", "Tidy white space, line endings and ends of files", Path("tidy.yaml"), 3),
            PlaybookEntry("test-report", "Run the tests and measure coverage", Path("test-report.yaml"), 2),
        )

    def find(self, name: str | Path) -> Path:
        return next(entry.path for entry in self.list() if entry.name == str(name))


class FakeAuth:
    def __init__(self) -> None:
        self.state = AuthStatus("pin", 3, 0.0, "the system's keychain (Secret Service)", "system")

    def status(self) -> AuthStatus:
        return self.state

    def set_pin(self, new: str, current: str | None = None) -> None:
        return None

    def windows(self) -> dict[str, float]:
        return {}

    def end_windows(self) -> None:
        return None

    def begin_reset(self) -> float:
        return 86_400.0

    def finish_reset(self) -> int:
        return 0

    def voided_by_reset(self) -> tuple[str, ...]:
        return ("s001", "s002")

    def verify(self, secret: str) -> None:
        if secret != PIN:
            raise AuthError("the PIN is wrong, 2 tries left")

    def offer_totp(self, current: str | None = None) -> TotpOffer:
        secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
        return TotpOffer(secret, f"otpauth://totp/Orion:ada%40shop?secret={secret}&issuer=Orion")

    def confirm_totp(self, code: str) -> tuple[str, ...]:
        return ("k3f9m-x2qtb", "ahw4d-9pnre", "t7cgy-m4kfz", "b2xvj-hq8sw", "eg6nu-3rdpt", "wz9ka-fy7cm")


class FakeDoctor:
    def __init__(self) -> None:
        self.checks: tuple[DoctorCheck, ...] = (
            DoctorCheck("git", "ok", "git version 2.47.1"),
            DoctorCheck("sandbox.docker", "warn", "no Docker engine answers", "start it, or do without: one is enough"),
            DoctorCheck("sandbox.bubblewrap", "ok", "bubblewrap 0.11.0"),
            DoctorCheck("self-test.bubblewrap", "ok", "5 kinds of ways out tried, none led out in 60 ms"),
            DoctorCheck("keychain", "ok", "the secrets are in the system's keychain (Secret Service)"),
            DoctorCheck("model", "warn", "none is configured", "playbooks work without one"),
            DoctorCheck("home", "ok", "/home/ada/.orion, 70693 MiB free"),
        )

    def report(self, workspace: Path | None = None, told: Callable[[DoctorCheck], None] | None = None) -> DoctorReport:
        return DoctorReport(all(check.status != "fail" for check in self.checks), self.checks)

    def memory(self) -> MemoryRoom:
        return MemoryRoom(512, 16_384)


class FakeAttendance:
    """Nobody was away until a test says so; `seen_times` counts how often somebody was seen."""

    def __init__(self) -> None:
        self.last: Absence | None = None
        self.seen_times = 0

    def seen(self) -> None:
        self.seen_times += 1

    def absence(self) -> Absence | None:
        return self.last


class FakeAudit:
    """No verdict until a test gives one, so that the header of other pictures stays as it is."""

    def __init__(self) -> None:
        self.verdict: AuditVerdict | None = None
        self.log: list[AuditEntry] = []

    def watch(
        self, before: AuditVerdict | None = None, told: Callable[[int, int], None] | None = None
    ) -> AuditVerdict | None:
        return self.verdict

    def verify(self, told: Callable[[int, int], None] | None = None) -> AuditVerdict | None:
        return self.verdict

    def entries(self, *, after: int = 0) -> Iterator[AuditEntry]:
        return iter(self.log[after:])

    def export(self, target: Path) -> AuditHead:
        return AuditHead(len(self.log), "a" * 64)


class FakeSetup:
    def __init__(self) -> None:
        self.at = Standing(True, False, "", "")

    def is_new(self) -> bool:
        return self.at.is_new

    def standing(self, workspace: Path | None = None) -> Standing:
        return self.at

    def choose_role(self, name: str, workspace: Path) -> None:
        return None

    def dry_run(self, name: str, workspace: Path) -> tuple[Trial, ...]:
        text = (Path(__file__).parents[2] / "roles" / f"{name}.yaml").read_text("utf-8")
        return scenarios_of(parse_role(text, Path(f"{name}.yaml"), RoleSource.STARTER))

    def suggestion(self, workspace: Path) -> Suggestion:
        return suggest({"README.md": 1, "src/cart.py": 900, "tests/test_pay.py": 3}, model=True)

    def finish(self) -> None:
        return None

    def leave(self, step: str) -> None:
        return None


class FakeSettings:
    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine

    def get(self) -> Settings:
        return self._engine.configuration

    def path(self) -> Path:
        return Path("/home/ada/.orion/config.yaml")

    def read(self) -> SettingsText:
        return SettingsText(self._engine.config_text, "c" * 64, "/home/ada/.orion/config.yaml")

    def stamp(self) -> tuple[tuple[str, int, int, int], ...]:
        return ()

    def preview(self, text: str) -> SettingsPreview:
        fields = fields_of(text, known_acts())
        try:
            settings = parse_settings(text, Path("config.yaml"), known_acts())
        except ConfigError as error:
            return SettingsPreview(text, error.problems, fields)
        return SettingsPreview(text, (), fields, settings, weakened(self._engine.configuration, settings))

    def with_words(self, text: str, key: str, words: str) -> str:
        path = path_of(key)
        return set_value(text, path, value_of(key, words)) if words else remove_value(text, path)

    def with_value(self, key: str, words: str | None) -> str:
        before = self._engine.config_text
        return self.with_words(before, key, words or "") if before else f"{key}: {words}\n"

    def save(self, text: str, *, secret: str | None = None, expected: str | None = None) -> tuple[str, ...]:
        before, self._engine.config_text = self._engine.config_text, text
        self._engine.configuration = parse_settings(text, Path("config.yaml"), known_acts())
        return ("theme",) if before != text else ()


class FakeHousekeeping:
    def look(self) -> tuple[Leftover, ...]:
        return (
            Leftover("session", "5a1e0c9f2b7d", "settled 41 days ago", 48_200_000),
            Leftover("outputs", "11c0ffee42aa", "settled 93 days ago", 1_300_000),
        )

    def disk(self) -> DiskUse:
        return DiskUse("/home/ada/.orion", (("sessions", 212_000_000), ("journal", 18_000_000), ("the rest", 900_000)))

    def tidy_if_due(self) -> None:
        return None
