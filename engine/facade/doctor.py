"""`engine.doctor`: whether a session could start here, and what to do when not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.errors import AuthError, ConfigError, OrionError, SandboxUnavailable
from engine.vocabulary.requests import DoctorCheck, DoctorReport
from engine.vocabulary.sessions import MOST_PARALLEL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.facade.core import Core
    from engine.vocabulary.housekeeping import DiskUse
    from engine.vocabulary.ports import SandboxProvider
    from engine.vocabulary.room import MemoryRoom
    from engine.vocabulary.runs import SandboxStatus

GIT_NEEDED = (2, 38)
"""`git merge-tree --write-tree` came with this version."""

_GIT_FROM = "apt install git (Debian, Ubuntu), dnf install git (Fedora), pacman -S git (Arch), brew install git (macOS)"

_SET_ONE = "set one: step 3 of orion setup, or orion auth set pin, or orion auth set totp"
_BETTER = (
    "a desktop's Secret Service keeps it better (apt install gnome-keyring, or KWallet); Orion takes it when it "
    "answers at the first start of a new home"
)

LOW_DISK_BYTES = 1024**3


class Doctor:
    """Looks at the machine; changes nothing."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def report(self, workspace: Path | None = None, told: Callable[[DoctorCheck], None] | None = None) -> DoctorReport:
        """Every check; with a workspace also whether a sandbox has the tool chains that its manifests ask for. Each is
        `told`, from this thread, as soon as it is known."""
        checks: list[DoctorCheck] = []

        def note(*found: DoctorCheck) -> None:
            for check in found:
                checks.append(check)
                if told is not None:
                    told(check)

        git, home = _git(), self._home()
        note(git)
        found = [provider.probe() for provider in self._core.adapters.providers]
        # One is enough; what is missing of the others is worth knowing, no more.
        usable = any(status.available or status.fetchable for status in found)
        note(*(_sandbox(status, optional=usable) for status in found))
        tested = self.self_test()
        note(*tested)
        # One that cannot be tried before its image is here is tried when a session begins.
        usable = any(check.status == "ok" for check in tested) or any(status.fetchable for status in found)
        note(*self._toolchains(workspace), self._keychain())
        model = self._model()
        note(model, *self._memory(), home, self._disk())
        # A configuration that cannot be read fails the model, and every session with it.
        return DoctorReport(usable and all(check.status != "fail" for check in (git, model, home)), tuple(checks))

    def self_test(self) -> tuple[DoctorCheck, ...]:
        """Try to get out of each kind of sandbox that works here, in one made for it alone; `fail` names what got out.
        Takes a fraction of a second with bubblewrap and one to start a container with Docker."""
        return tuple(_tried(provider) for provider in self._core.adapters.providers if provider.probe().available)

    def _toolchains(self, workspace: Path | None) -> tuple[DoctorCheck, ...]:
        from engine.facade.settings import command_for, proposed

        try:
            if workspace is None:
                return ()
            found = proposed(self._core, self._core.adapters.users.inspect(workspace))
        except OrionError:
            return ()  # no repository here, so nothing is asked for
        if not found:
            return ()
        short = any(not proposal.inside for proposal in found)
        command = command_for(self._core, found)
        hint = f"take it with: {command}" if command else ""
        if short and not command:
            hint = "install it for the whole system, or use a Docker image that has it (sandbox.image)"
        detail = "; ".join(proposal.detail for proposal in found)
        return (DoctorCheck("toolchains", "warn" if short or command else "ok", detail, hint),)

    def _keychain(self) -> DoctorCheck:
        authenticator = self._core.adapters.authenticator
        try:
            method, keychain = authenticator.method(), authenticator.keychain()
        except AuthError as error:
            return DoctorCheck("keychain", "fail", error.message, error.hint)
        if not method:
            nothing = f"no PIN or code is set, so nothing can be promoted; it will be kept in {keychain.where}"
            if keychain.kind == "file":
                return DoctorCheck("keychain", "warn", nothing, f"{_SET_ONE}\nfirst, if you like: {_BETTER}")
            return DoctorCheck("keychain", "warn", nothing, _SET_ONE)
        if keychain.kind == "system":
            return DoctorCheck("keychain", "ok", f"the secrets are in {keychain.where}")
        weaker = f"programs of your own account could read it; {_BETTER}"
        return DoctorCheck("keychain", "warn", f"the secrets are in {keychain.where}", weaker)

    def _model(self) -> DoctorCheck:
        from engine.facade.models import Models

        return Models(self._core).doctor()

    def memory(self) -> MemoryRoom:
        """What each sandbox may use of this machine's memory. Raises ConfigError."""
        from engine.facade.memory import memory_room

        return memory_room(self._core.adapters.read_settings().sandbox)

    def _memory(self) -> tuple[DoctorCheck, ...]:
        try:
            room, usual = self.memory(), self._core.adapters.read_settings().limits.parallel
        except ConfigError:
            return ()  # the model's check says what is wrong with the file
        said = room.said(usual)
        if usual < MOST_PARALLEL:
            said = f"{said}; {MOST_PARALLEL} at once: {MOST_PARALLEL * room.each_mib:,} MiB"
        return (DoctorCheck("memory", "warn" if room.tight(usual) else "ok", said),)

    def _home(self) -> DoctorCheck:
        import shutil

        root = self._core.home.root
        free = shutil.disk_usage(root).free
        detail = f"{root}, {free // 1024**2} MiB free"
        if free < LOW_DISK_BYTES:
            return DoctorCheck("home", "warn", detail, "make room, or set ORION_HOME to a larger disk")
        return DoctorCheck("home", "ok", detail)

    def _disk(self) -> DoctorCheck:
        from engine.facade.removing import disk_use

        hint = "what is settled goes with: orion sessions cleanup; all of it, without a trace: orion doctor --removal"
        return DoctorCheck("disk", "ok", _in_short(disk_use(self._core.home.root)), hint)


def _in_short(use: DiskUse) -> str:
    parts = [f"{name} {size / 1024**2:.1f}" for name, size in use.parts if size * 10 > use.total]
    return f"Orion uses {use.said()} in {use.root}" + (f" ({', '.join(parts)})" if parts else "")


def _git() -> DoctorCheck:
    import re
    import shutil
    import subprocess

    program = shutil.which("git")
    needed = ".".join(map(str, GIT_NEEDED))
    how = f"install git {needed} or newer: {_GIT_FROM}"
    if program is None:
        return DoctorCheck("git", "fail", "git is not installed", how)
    said = subprocess.run(
        [program, "--version"], capture_output=True, text=True, timeout=10, check=False
    ).stdout.strip()
    version = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    if version < GIT_NEEDED:
        return DoctorCheck("git", "fail", f"{said} is too old", how)
    return DoctorCheck("git", "ok", said)


def _tried(provider: SandboxProvider) -> DoctorCheck:
    from engine.sandboxes.self_test import try_out

    name = f"self-test.{provider.name}"
    try:
        found = try_out(provider)
    except SandboxUnavailable as error:
        return DoctorCheck(name, "fail", error.message, error.hint)
    if not found.held:
        return DoctorCheck(name, "fail", f"{found}", "no session starts in it; report this with the line above")
    means = ", ".join(f"{attempt.name.split()[0]} by {attempt.by}" for attempt in found.attempts)
    return DoctorCheck(name, "ok", f"{found} ({means}) in {found.duration_s * 1000:.0f} ms")


def _sandbox(status: SandboxStatus, *, optional: bool) -> DoctorCheck:
    name = f"sandbox.{status.name}"
    if status.available and status.unlimited:
        advice = "it is taken when it is named, or when nothing else works; control groups of version 2 would limit it"
        return DoctorCheck(name, "warn", status.detail, advice)
    if status.available:
        return DoctorCheck(name, "ok", status.detail)
    return DoctorCheck(name, "warn" if optional else "fail", status.detail, status.hint)
