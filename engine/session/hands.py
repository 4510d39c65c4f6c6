"""Carrying out one allowed action in the session's tree, and telling what was seen."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from shlex import quote
from typing import TYPE_CHECKING

from engine.session.editing import EditFailed, edited
from engine.session.observing import EXCERPT_CHARACTERS, Observation, cut_middle, done, failed
from engine.vocabulary.actions import (
    Action,
    DeleteFile,
    EditFile,
    ListFiles,
    ReadFile,
    RequestAction,
    RunCommand,
    SearchFiles,
    ShowDiff,
    WriteFile,
)
from engine.vocabulary.errors import WorkspaceError
from engine.vocabulary.runs import Outcome, RunResult
from engine.vocabulary.text import decoded

if TYPE_CHECKING:
    from threading import Event as Flag

    from engine.vocabulary.ports import Blobs, Sandbox, SessionRepository

DEFAULT_TIMEOUT_S = 600.0
READ_CHARACTERS = 60_000
SEARCH_TIMEOUT_S = 60.0
LISTED_FILES = 2_000
FOUND_LINES = 200


class Hands:
    """Does what the gate allowed: commands in the sandbox, files through the session's repository. `base` is the commit
    that a task's changes are shown against."""

    def __init__(self, sandbox: Sandbox, repository: SessionRepository, blobs: Blobs, stop: Flag) -> None:
        self.base = ""
        self._sandbox = sandbox
        self._repository = repository
        self._blobs = blobs
        self._stop = stop

    def perform(self, action: Action, time_left_s: float) -> Observation:
        """Do it. What the action gets wrong by itself (a missing file, a failing command) is an observation, no
        error."""
        try:
            return self._perform(action, time_left_s)
        except WorkspaceError as error:
            return failed(error.message)

    def _perform(self, action: Action, time_left_s: float) -> Observation:
        match action:
            case RunCommand():
                timeout = min(action.timeout_s or DEFAULT_TIMEOUT_S, max(time_left_s, 1.0))
                return self.told(self._sandbox.run(action.command, timeout_s=timeout, stop=self._stop), timeout)
            case WriteFile(path=path, content=content):
                return self._written(path, self._digest(path), content, f"wrote {path}, {content.count(chr(10))} lines")
            case EditFile(path=path):
                text = self._text(path)
                try:
                    changed = edited(text, action.pairs)
                except EditFailed as wrong:
                    return failed(f"{path}: {wrong}")
                many = f" in {len(action.pairs)} places" if action.more else ""
                return self._written(path, _digest(_bytes(text)), changed, f"edited {path}{many}")
            case DeleteFile(path=path):
                before = self._digest(path)
                self._repository.delete(path)
                return replace(done(f"deleted {path}"), path=path, before=before)
            case ReadFile():
                return self._read(action)
            case ListFiles(path=path):
                return _listed(self._repository.paths(path))
            case SearchFiles():
                return self._search(action, time_left_s)
            case ShowDiff(path=path):
                return self._diff(path)
            case RequestAction(detail=detail):
                return done(f"allowed, go on with it yourself: {detail}")

    def told(self, result: RunResult, timeout_s: float) -> Observation:
        """A command's end as an observation, its output kept whole as a blob."""
        output = self._blobs.put(result.output) if result.output else ""
        text = decoded(result.output)
        said = {
            Outcome.OK: "exit 0",
            Outcome.FAILED: f"exit {result.exit}" if result.exit is not None else f"killed by signal {result.signal}",
            Outcome.TIMED_OUT: f"stopped at its time limit of {timeout_s:g} s",
            Outcome.STOPPED: "stopped",
            Outcome.OUT_OF_MEMORY: "killed: out of memory (sandbox.memory_mib in config.yaml gives more)",
            Outcome.NOT_FOUND: not_in_sandbox(result.missing),
            Outcome.LOST: "cut short",
        }[result.outcome]
        if result.restarted:
            said = f"{said}; {result.restarted}"
        return Observation(
            result.outcome,
            f"{said}\n{text}" if text else said,
            result.exit,
            result.duration_s,
            output,
            (
                text[-EXCERPT_CHARACTERS:] if result.outcome is not Outcome.NOT_FOUND else f"{text[-1000:]}\n{said}"
            ).strip(),
            restarted=bool(result.restarted),
        )

    def _written(self, path: str, before: str, content: str, said: str) -> Observation:
        data = _bytes(content)
        self._repository.write(path, data)
        return replace(done(said), path=path, before=before, after=_digest(data))

    def _digest(self, path: str) -> str:
        """Of a file as it stands; empty when there is none that can be read."""
        try:
            return _digest(self._repository.read(path))
        except WorkspaceError:
            return ""

    def _diff(self, path: str) -> Observation:
        new = self._repository.snapshot(self.base).new
        below = () if path in ("", ".", "./") else (path,)
        return done(decoded(self._repository.diff(self.base, new, below)) or "nothing is changed")

    def _read(self, action: ReadFile) -> Observation:
        lines = self._text(action.path).splitlines(keepends=True)
        text = "".join(lines[action.first_line - 1 : action.last_line])
        if not text and lines:
            return failed(f"{action.path} has {len(lines)} lines; there is nothing in that range")
        return done(cut_middle(text, READ_CHARACTERS, "read a range of lines") or f"{action.path} is empty")

    def _search(self, action: SearchFiles, time_left_s: float) -> Observation:
        # Inside the sandbox and under a time limit: a pattern can be made to run for ever.
        command = (
            f"grep -rnIE --exclude-dir=.git -- {quote(action.pattern)} {quote(action.path)} | head -n {FOUND_LINES + 1}"
        )
        timeout = min(SEARCH_TIMEOUT_S, max(time_left_s, 1.0))
        result = self._sandbox.run(command, timeout_s=timeout, stop=self._stop)
        if result.outcome is not Outcome.OK:
            return self.told(result, timeout)
        lines = decoded(result.output).splitlines(keepends=True)
        more = f"[more than {FOUND_LINES} lines match; search below a folder, or for more]" * (len(lines) > FOUND_LINES)
        return done("".join(lines[:FOUND_LINES]) + more or "no line matches")

    def _text(self, path: str) -> str:
        return self._repository.read(path).decode("utf-8", errors="surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogateescape")


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:16]


def not_in_sandbox(program: str) -> str:
    """The sentence with both remedies for a program that the sandbox does not have."""
    return (
        f"{program or 'the program'} is not in the sandbox. Either add the folder that it is installed in to "
        "sandbox.toolchains (orion settings set sandbox.toolchains '[FOLDER]'), or bring it with the system: with "
        "Docker by an image that has it (sandbox.image), else by installing it for the whole machine"
    )


def _listed(paths: tuple[str, ...]) -> Observation:
    more = len(paths) - LISTED_FILES
    tail = f"\n[{more} files more; list a folder]" if more > 0 else ""
    return done("\n".join(paths[:LISTED_FILES]) + tail if paths else "no files")
