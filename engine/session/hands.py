"""Carrying out one allowed action in the session's tree, and telling what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

from engine.vocabulary.actions import (
    Action,
    DeleteFile,
    EditFile,
    ListFiles,
    ReadFile,
    RequestAction,
    RunCommand,
    SearchFiles,
    WriteFile,
)
from engine.vocabulary.errors import WorkspaceError
from engine.vocabulary.runs import Outcome, RunResult
from engine.vocabulary.text import decoded

if TYPE_CHECKING:
    from threading import Event as Flag

    from engine.vocabulary.ports import Blobs, Sandbox, SessionRepository

DEFAULT_TIMEOUT_S = 600.0
EXCERPT_CHARACTERS = 2_000
READ_CHARACTERS = 60_000
SEARCH_TIMEOUT_S = 60.0
LISTED_FILES = 2_000
FOUND_LINES = 200


@dataclass(frozen=True, slots=True)
class Observation:
    """What an action did: `text` in full for a model, `excerpt` for a screen, `output` the blob id of what a command
    printed. `restarted` when the sandbox is a new one since, so that the same command may end otherwise."""

    outcome: Outcome
    text: str
    exit: int | None = None
    duration_s: float = 0.0
    output: str = ""
    excerpt: str = ""
    restarted: bool = False

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.OK


class Hands:
    """Does what the gate allowed: commands in the sandbox, files through the session's repository."""

    def __init__(self, sandbox: Sandbox, repository: SessionRepository, blobs: Blobs, stop: Flag) -> None:
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
            return _failed(error.message)

    def _perform(self, action: Action, time_left_s: float) -> Observation:
        match action:
            case RunCommand():
                timeout = min(action.timeout_s or DEFAULT_TIMEOUT_S, max(time_left_s, 1.0))
                return self.told(self._sandbox.run(action.command, timeout_s=timeout, stop=self._stop), timeout)
            case WriteFile(path=path, content=content):
                self._repository.write(path, content.encode("utf-8", errors="surrogateescape"))
                return _done(f"wrote {path}, {content.count(chr(10))} lines")
            case EditFile():
                return self._edit(action)
            case DeleteFile(path=path):
                self._repository.delete(path)
                return _done(f"deleted {path}")
            case ReadFile():
                return self._read(action)
            case ListFiles(path=path):
                return _listed(self._repository.paths(path))
            case SearchFiles():
                return self._search(action, time_left_s)
            case RequestAction(detail=detail):
                return _done(f"allowed, go on with it yourself: {detail}")

    def told(self, result: RunResult, timeout_s: float) -> Observation:
        """A command's end as an observation, its output kept whole as a blob."""
        output = self._blobs.put(result.output) if result.output else ""
        text = decoded(result.output)
        said = {
            Outcome.OK: "exit 0",
            Outcome.FAILED: f"exit {result.exit}" if result.exit is not None else f"killed by signal {result.signal}",
            Outcome.TIMED_OUT: f"stopped at its time limit of {timeout_s:g} s",
            Outcome.STOPPED: "stopped",
            Outcome.OUT_OF_MEMORY: "killed: out of memory",
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

    def _edit(self, action: EditFile) -> Observation:
        text = self._text(action.path)
        count = text.count(action.find) if action.find else 0
        if count != 1:
            where = "nowhere" if count == 0 else f"{count} times"
            return _failed(f"the text to replace stands {where} in {action.path}; it must stand there exactly once")
        changed = text.replace(action.find, action.replace, 1)
        self._repository.write(action.path, changed.encode("utf-8", errors="surrogateescape"))
        return _done(f"edited {action.path}")

    def _read(self, action: ReadFile) -> Observation:
        lines = self._text(action.path).splitlines(keepends=True)
        text = "".join(lines[action.first_line - 1 : action.last_line])
        cut = len(text) - READ_CHARACTERS
        if cut > 0:
            text = text[:READ_CHARACTERS] + f"\n[{cut} characters more; read a range of lines]"
        return _done(text or f"{action.path} is empty")

    def _search(self, action: SearchFiles, time_left_s: float) -> Observation:
        # Inside the sandbox and under a time limit: a pattern can be made to run for ever.
        command = (
            f"grep -rnIE --exclude-dir=.git -- {quote(action.pattern)} {quote(action.path)} | head -n {FOUND_LINES}"
        )
        timeout = min(SEARCH_TIMEOUT_S, max(time_left_s, 1.0))
        result = self._sandbox.run(command, timeout_s=timeout, stop=self._stop)
        if result.outcome is not Outcome.OK:
            return self.told(result, timeout)
        return _done(decoded(result.output) or "no line matches")

    def _text(self, path: str) -> str:
        return self._repository.read(path).decode("utf-8", errors="surrogateescape")


def not_in_sandbox(program: str) -> str:
    """The sentence with both remedies for a program that the sandbox does not have."""
    return (
        f"{program or 'the program'} is not in the sandbox. Either install it for the whole system, or add the folder "
        "it is installed in to sandbox.toolchains in config.yaml"
    )


def _excerpt(text: str, said: str, outcome: Outcome) -> str:
    if outcome in (Outcome.OK, Outcome.FAILED):
        return (text[-EXCERPT_CHARACTERS:]).strip() or said
    return f"{text[-EXCERPT_CHARACTERS // 2 :].strip()}\n{said}".strip()


def _done(text: str) -> Observation:
    return Observation(Outcome.OK, text, excerpt=text[-EXCERPT_CHARACTERS:])


def _failed(text: str) -> Observation:
    return Observation(Outcome.FAILED, text, excerpt=text[-EXCERPT_CHARACTERS:])


def _listed(paths: tuple[str, ...]) -> Observation:
    more = len(paths) - LISTED_FILES
    tail = f"\n[{more} files more; list a folder]" if more > 0 else ""
    return _done("\n".join(paths[:LISTED_FILES]) + tail if paths else "no files")
