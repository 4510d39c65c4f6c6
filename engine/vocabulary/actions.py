"""What an agent can do, as values: a playbook's steps and a model's tool calls become the same actions."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.vocabulary.flat import fields_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class ActionClass(StrEnum):
    """The closed vocabulary in which authority is written. Every action and every effect falls into it."""

    CODE_READ = "code.read"
    CODE_WRITE = "code.write"
    TESTS_WRITE = "tests.write"
    DOCS_WRITE = "docs.write"
    CONFIG_WRITE = "config.write"
    COMMAND_RUN = "command.run"
    TESTS_RUN = "tests.run"
    DEPS_CHANGE = "deps.change"
    SCHEMA_CHANGE = "schema.change"
    CI_CHANGE = "ci.change"
    INFRA_CHANGE = "infra.change"
    FILE_DELETE = "file.delete"
    GIT_BRANCH = "git.branch"
    GIT_MERGE = "git.merge"
    NETWORK_REQUEST = "network.request"
    DEPLOY = "deploy"
    REPO_DELETE = "repo.delete"
    SECRET_READ = "secret.read"  # noqa: S105 - the name of an action, not a secret
    GOVERNANCE_CHANGE = "governance.change"


@dataclass(frozen=True, slots=True)
class RunCommand:
    """Run `command` with `sh -c` in the root of the session's tree. `timeout_s` is in seconds; None is the
    session's default. With `allow_failure`, a non-zero exit does not end the task."""

    command: str
    timeout_s: float | None = None
    allow_failure: bool = False


@dataclass(frozen=True, slots=True)
class WriteFile:
    """Make the file at `path` (relative, `/`-separated) hold exactly `content`, UTF-8."""

    path: str
    content: str


@dataclass(frozen=True, slots=True)
class EditFile:
    """Replace the one place where `find` stands in `path` by `replace`; it is an error unless there is exactly one.
    `more` are further pairs of the same kind, each made on what the one before left; all of them or none."""

    path: str
    find: str
    replace: str
    more: tuple[tuple[str, str], ...] = ()

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every text to find with the one that replaces it, in order."""
        return ((self.find, self.replace), *self.more)


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Remove one file."""

    path: str


@dataclass(frozen=True, slots=True)
class ReadFile:
    """Read a text file; lines count from 1 and both ends are included."""

    path: str
    first_line: int = 1
    last_line: int | None = None


@dataclass(frozen=True, slots=True)
class ListFiles:
    """List the files below `path`."""

    path: str = "."


@dataclass(frozen=True, slots=True)
class SearchFiles:
    """Lines below `path` that match the regular expression `pattern`."""

    pattern: str
    path: str = "."


@dataclass(frozen=True, slots=True)
class ShowDiff:
    """Show what the task has changed so far, below `path`."""

    path: str = "."


@dataclass(frozen=True, slots=True)
class RequestAction:
    """Ask for something that is named rather than done: a deploy, a merge, a question to the person."""

    action: ActionClass
    detail: str


Action: TypeAlias = (
    RunCommand | WriteFile | EditFile | DeleteFile | ReadFile | ListFiles | SearchFiles | ShowDiff | RequestAction
)

_TYPES: Mapping[str, type[Any]] = {
    "run": RunCommand,
    "write": WriteFile,
    "edit": EditFile,
    "delete": DeleteFile,
    "read": ReadFile,
    "list": ListFiles,
    "search": SearchFiles,
    "diff": ShowDiff,
    "request": RequestAction,
}
_NAMES = {kind: name for name, kind in _TYPES.items()}


def tool_name(action: Action) -> str:
    """The short verb of an action: `run`, `write`, `edit`, `delete`, `read`, `list`, `search`, `diff` or
    `request`."""
    return _NAMES[type(action)]


def action_to_json(action: Action) -> dict[str, Any]:
    """The action as plain JSON, with its verb under `tool`."""
    fields = fields_of(action)
    if isinstance(action, EditFile) and not action.more:
        del fields["more"]
    return {"tool": tool_name(action), **fields}


def action_from_json(data: Mapping[str, Any]) -> Action:
    """The action that `action_to_json` wrote. Raises KeyError or TypeError on anything else."""
    fields = {key: value for key, value in data.items() if key != "tool"}
    kind = _TYPES[data["tool"]]
    if kind is RequestAction:
        fields["action"] = ActionClass(fields["action"])
    if kind is EditFile:
        fields["more"] = tuple((find, replace) for find, replace in fields.get("more", ()))
    made: Action = kind(**fields)
    return made


def summary_of(action: Action) -> str:
    """What the action touches, on one line: the command or the path."""
    match action:
        case RunCommand(command=command):
            return " ".join(command.split())
        case RequestAction(detail=detail):
            return detail
        case SearchFiles(pattern=pattern, path=path):
            return f"{pattern} in {path}"
        case _:
            return action.path


def change_lines(action: Action) -> tuple[str, ...]:
    """What the action would put in and take out, as lines that begin with `+`, `-` or a blank; a command as its lines.
    Nothing for an action that changes nothing."""
    match action:
        case RunCommand(command=command):
            return tuple(command.splitlines())
        case WriteFile(content=content):
            return tuple(f"+ {line}" for line in content.splitlines())
        case EditFile():
            return tuple(line for find, replace in action.pairs for line in _replaced(find, replace))
        case _:
            return ()


def _replaced(find: str, replace: str) -> tuple[str, ...]:
    from difflib import unified_diff

    lines = unified_diff(find.splitlines(), replace.splitlines(), n=1, lineterm="")
    return tuple(f"{line[:1]} {line[1:]}" for line in list(lines)[2:] if not line.startswith("@@"))


def digest_of(*values: Any) -> str:
    """SHA-256 (hex) over the canonical JSON of the values; what an approval is bound to."""
    raw = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.sha256(raw.encode()).hexdigest()
