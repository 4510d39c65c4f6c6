"""A look around: a person's own commands in a session's sandbox, on a copy of its tree that nothing is kept of."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from shlex import quote
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine.facade.opening import opened_sandbox
from engine.vocabulary.runs import WORKSPACE, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.facade.core import Core
    from engine.vocabulary.ports import Sandbox
    from engine.vocabulary.runs import RunResult
    from engine.vocabulary.sessions import Session

TIMEOUT_S = 3600.0


class Look:
    """Lines of shell, one after the other; the folder one ends in is where the next begins. Files last as long as the
    look, processes as long as their line. No terminal is given to what runs, so a full-screen program shows nothing."""

    def __init__(self, sandbox: Sandbox, tree: Path) -> None:
        self._sandbox = sandbox
        self._tree = tree
        self._mark = f"--{secrets.token_hex(12)}--"
        self.folder = WORKSPACE

    def run(self, command: str, stop: Flag | None = None) -> tuple[bytes, str]:
        """The output of a line, and how it ended when that is not exit 0. Raises SandboxUnavailable."""
        tail = f"__orion=$?; printf '\\n%s%s' {quote(self._mark)} \"$PWD\"; exit $__orion"
        script = f"cd -- {quote(self.folder)} 2>/dev/null || cd {quote(WORKSPACE)}\n{command}\n{tail}"
        result = self._sandbox.run(script, timeout_s=TIMEOUT_S, stop=stop or Flag(), tree=self._tree)
        text, found, folder = result.output.rpartition(b"\n" + self._mark.encode())
        if found and len(folder) < 4096 and folder.startswith(b"/"):
            self.folder = folder.decode("utf-8", "surrogateescape")
        return (text if found else result.output), _ended(result)


def _ended(result: RunResult) -> str:
    if result.outcome is Outcome.OK:
        return ""
    if result.outcome is Outcome.NOT_FOUND:
        return f"not in the sandbox: {result.missing}"
    if result.outcome is Outcome.FAILED:
        return f"exit {result.exit}" if result.exit is not None else f"killed by signal {result.signal}"
    return result.outcome.value.replace("_", " ")


@contextmanager
def looking(core: Core, state: Session) -> Iterator[Look]:
    """The caller holds the session. Raises SandboxUnavailable."""
    repository = core.repository(state.id)
    sandbox = opened_sandbox(core, state, repository)
    try:
        yield Look(sandbox, repository.check_out(repository.tree_of(state.tip)))
    finally:
        sandbox.close()
