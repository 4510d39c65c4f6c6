"""What a model is offered to do, and how its calls become actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.vocabulary.actions import (
    Action,
    ActionClass,
    DeleteFile,
    EditFile,
    ListFiles,
    ReadFile,
    RequestAction,
    RunCommand,
    SearchFiles,
    WriteFile,
)
from engine.vocabulary.text import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.vocabulary.models import ToolCall


@dataclass(frozen=True, slots=True)
class Finish:
    """The worker says that the task is done: a claim, with its own confidence in 0..1."""

    summary: str
    confidence: float = 1.0


class BadCall(ValueError):
    """A tool call that cannot be understood; its text goes back to the model."""


def _tool(name: str, what: str, properties: Mapping[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    parameters = {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
    return {"name": name, "description": what, "parameters": parameters}


_TEXT = {"type": "string"}
_LINE = {"type": "integer", "minimum": 1}
_PATH = {"type": "string", "description": "relative to the root of the repository"}

TOOLS: tuple[Mapping[str, Any], ...] = (
    _tool("list", "List files below a folder.", {"path": _PATH}, ()),
    _tool(
        "search",
        "Find lines that match an extended regular expression.",
        {"pattern": _TEXT, "path": _PATH},
        ("pattern",),
    ),
    _tool(
        "read", "Read a text file or a range of its lines.", {"path": _PATH, "first": _LINE, "last": _LINE}, ("path",)
    ),
    _tool("write", "Make a file hold exactly this text.", {"path": _PATH, "content": _TEXT}, ("path", "content")),
    _tool(
        "edit",
        "Replace a text that stands exactly once in a file.",
        {"path": _PATH, "find": _TEXT, "replace": _TEXT},
        ("path", "find", "replace"),
    ),
    _tool("delete", "Remove a file.", {"path": _PATH}, ("path",)),
    _tool(
        "run",
        "Run a shell command in the sandbox, without a network.",
        {"command": _TEXT, "timeout_s": {"type": "number", "exclusiveMinimum": 0}},
        ("command",),
    ),
    _tool(
        "request",
        "Ask a person for something that you cannot do yourself.",
        {"action": {"enum": [action.value for action in ActionClass]}, "detail": _TEXT},
        ("action", "detail"),
    ),
    _tool(
        "finish",
        "Say that the task is done. The engine verifies it.",
        {"summary": _TEXT, "confidence": {"type": "number", "minimum": 0, "maximum": 1}},
        ("summary", "confidence"),
    ),
)


def action_of(call: ToolCall) -> Action | Finish:
    """What a call asks for. Raises BadCall with a sentence for the model."""
    known = {tool["name"]: tool["parameters"] for tool in TOOLS}
    if call.name not in known:
        raise BadCall(f"there is no tool {call.name!r}; {nearest(call.name, known)}")
    if call.problem:
        raise BadCall(f"{call.name}: {call.problem}")
    given = dict(call.arguments)
    missing = [name for name in known[call.name]["required"] if name not in given]
    if missing:
        raise BadCall(f"{call.name} needs {', '.join(missing)}")
    unknown = [name for name in given if name not in known[call.name]["properties"]]
    if unknown:
        raise BadCall(f"{call.name} does not take {', '.join(unknown)}")
    try:
        return _built(call.name, given)
    except (TypeError, ValueError) as error:
        raise BadCall(f"{call.name}: {error}") from error


def _built(name: str, given: dict[str, Any]) -> Action | Finish:
    match name:
        case "list":
            return ListFiles(_text(given, "path", "."))
        case "search":
            return SearchFiles(_text(given, "pattern"), _text(given, "path", "."))
        case "read":
            last = given.get("last")
            return ReadFile(
                _text(given, "path"), max(int(given.get("first", 1)), 1), None if last is None else int(last)
            )
        case "write":
            return WriteFile(_text(given, "path"), _text(given, "content"))
        case "edit":
            return EditFile(_text(given, "path"), _text(given, "find"), _text(given, "replace"))
        case "delete":
            return DeleteFile(_text(given, "path"))
        case "run":
            timeout = given.get("timeout_s")
            return RunCommand(_text(given, "command"), None if timeout is None else float(timeout), allow_failure=True)
        case "request":
            return RequestAction(ActionClass(given["action"]), _text(given, "detail"))
        case _:
            return Finish(_text(given, "summary"), min(max(float(given["confidence"]), 0.0), 1.0))


def _text(given: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = given.get(key, default)
    if not isinstance(value, str):
        raise TypeError(f"{key} must be a text")
    return value
