"""Real accounts of this machine, made for a test and removed behind it, and Orion started as one of them."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import shutil
import site
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.cli import Ran

_NEEDED = ("useradd", "userdel", "groupadd", "groupdel", "su")
_ROOT = Path(__file__).resolve().parents[2]
_TRY = "import sys, engine.build, orion_tui.cli.root, bcrypt, cryptography; assert sys.version_info >= (3, 11)"


@dataclass(frozen=True)
class Account:
    """One user with a home of their own, who starts Orion with this Python."""

    name: str
    home: Path
    python: str = sys.executable

    @property
    def uid(self) -> int:
        return pwd.getpwnam(self.name).pw_uid

    @property
    def orion_home(self) -> Path:
        return self.home / ".orion"

    def shell(self, command: str, *, given: str = "", folder: Path | None = None, umask: str = "022") -> Ran:
        """A line of shell, as this user."""
        paths = os.pathsep.join([str(_ROOT), *site.getsitepackages()])
        line = (
            f"cd {shlex.quote(str(folder or self.home))} && umask {umask} && export PYTHONPATH={shlex.quote(paths)} "
            f"PYTHONDONTWRITEBYTECODE=1 NO_COLOR=1 DOCKER_HOST=unix:///nowhere/docker.sock && {command}"
        )
        done = subprocess.run(
            ["su", "-s", "/bin/sh", self.name, "-c", line], input=given, capture_output=True, text=True, timeout=240
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def orion(
        self, *arguments: str, given: str = "", folder: Path | None = None, home: Path | None = None, umask: str = "022"
    ) -> Ran:
        named = f"ORION_HOME={shlex.quote(str(home or self.orion_home))} "
        command = named + shlex.join([self.python, "-m", "orion_tui", *arguments])
        return self.shell(command, given=given, folder=folder, umask=umask)


def why_none() -> str:
    """Why no accounts can be made here; empty when they can."""
    if os.geteuid() != 0:
        return "only root can make accounts and become them"
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    return f"{', '.join(missing)} missing" if missing else ""


@contextmanager
def accounts(folder: Path, *names: str) -> Iterator[list[Account]]:
    """Users with these names (made unique), all in one group besides, their homes below the folder. The last one is
    followed by the name of the group."""
    mark = f"{os.getpid()}"
    group = f"orion{mark}"
    subprocess.run(["groupadd", group], check=True)
    made: list[Account] = []
    try:
        for name in names:
            account = Account(f"{name}{mark}", folder / name)
            home = str(account.home)
            subprocess.run(["useradd", "-M", "-d", home, "-G", group, "-s", "/bin/sh", account.name], check=True)
            made.append(account)
            account.home.mkdir(mode=0o700)
            entry = pwd.getpwnam(account.name)
            os.chown(account.home, entry.pw_uid, entry.pw_gid)
        yield made
    finally:
        for account in made:
            subprocess.run(["userdel", account.name], check=False, capture_output=True)
        subprocess.run(["groupdel", group], check=False, capture_output=True)


def group_of(account: Account) -> int:
    """The group that the accounts share."""
    return next(entry.gr_gid for entry in grp.getgrall() if account.name in entry.gr_mem)


def with_python(account: Account) -> Account | str:
    """The account with a Python that it may start and that finds Orion; else why there is none."""
    refusals = []
    for python in (sys.executable, "/usr/bin/python3"):
        tried = account.shell(shlex.join([python, "-c", _TRY]))
        if tried.code == 0:
            return Account(account.name, account.home, python)
        refusals.append(f"{python}: {(tried.err.strip().splitlines() or ['?'])[-1]}")
    return "; ".join(refusals)
