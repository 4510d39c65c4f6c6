"""What a model is offered to do, and how its calls become actions."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
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
    ShowDiff,
    WriteFile,
)
from engine.vocabulary.text import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.vocabulary.models import ToolCall


@dataclass(frozen=True, slots=True)
class Finish:
    """The worker says that the task is done: a claim, with its own confidence in 0..1 and what it thinks proves it."""

    summary: str
    confidence: float = 1.0
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the worker wants to remember when its conversation is made shorter."""

    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """Something that only a person can answer; the task waits. `options` are answers that the worker offers."""

    text: str
    options: tuple[str, ...] = ()


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
_PAIR = {
    "type": "object",
    "properties": {"find": _TEXT, "replace": _TEXT},
    "required": ["find", "replace"],
    "additionalProperties": False,
}

TOOLS: tuple[Mapping[str, Any], ...] = (
    _tool("list", "List files below a folder.", {"path": _PATH}, ()),
    _tool(
        "search",
        "Find lines that match an extended regular expression, with path and line number.",
        {"pattern": _TEXT, "path": _PATH},
        ("pattern",),
    ),
    _tool(
        "read", "Read a text file or a range of its lines.", {"path": _PATH, "first": _LINE, "last": _LINE}, ("path",)
    ),
    _tool("write", "Make a file hold exactly this text.", {"path": _PATH, "content": _TEXT}, ("path", "content")),
    _tool(
        "edit",
        "Replace a text that stands exactly once in a file, to the letter; or give several in `edits`, made in order, "
        "all of them or none.",
        {
            "path": _PATH,
            "find": _TEXT,
            "replace": _TEXT,
            "edits": {"type": "array", "items": _PAIR, "minItems": 1},
        },
        ("path",),
    ),
    _tool("delete", "Remove a file.", {"path": _PATH}, ("path",)),
    _tool(
        "run",
        "Run a shell command in the sandbox, without a network.",
        {"command": _TEXT, "timeout_s": {"type": "number", "exclusiveMinimum": 0}},
        ("command",),
    ),
    _tool("diff", "Show what this task has changed so far.", {"path": _PATH}, ()),
    _tool(
        "note",
        "Remember something that is needed later; notes are never dropped.",
        {"text": _TEXT},
        ("text",),
    ),
    _tool(
        "ask",
        "Ask a person a question that only a person can answer. The task waits, perhaps until the morning.",
        {"question": _TEXT, "options": {"type": "array", "items": _TEXT}},
        ("question",),
    ),
    _tool(
        "request",
        "Ask a person to allow or do something that you cannot do yourself.",
        {"action": {"enum": [action.value for action in ActionClass]}, "detail": _TEXT},
        ("action", "detail"),
    ),
    _tool(
        "finish",
        "Say that the task is done. The engine verifies it.",
        {
            "summary": _TEXT,
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "evidence": {"type": "string", "description": "what proves it, such as a command and what it printed"},
        },
        ("summary", "confidence"),
    ),
)
_PARAMETERS: Mapping[str, Mapping[str, Any]] = {tool["name"]: tool["parameters"] for tool in TOOLS}


def action_of(call: ToolCall) -> Action | Finish | Note | Question:
    """What a call asks for. Raises BadCall with a sentence for the model."""
    if call.name not in _PARAMETERS:
        raise BadCall(f"there is no tool {call.name!r}; {nearest(call.name, _PARAMETERS)}")
    if call.problem:
        raise BadCall(f"{call.name}: {call.problem}")
    given = dict(call.arguments)
    missing = [name for name in _PARAMETERS[call.name]["required"] if name not in given]
    if missing:
        raise BadCall(f"{call.name} needs {', '.join(missing)}")
    unknown = [name for name in given if name not in _PARAMETERS[call.name]["properties"]]
    if unknown:
        raise BadCall(f"{call.name} does not take {', '.join(unknown)}")
    try:
        return _built(call.name, given)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadCall(f"{call.name}: {error}") from error


def _built(name: str, given: dict[str, Any]) -> Action | Finish | Note | Question:
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
            (find, replace), *more = _pairs(given)
            return EditFile(_text(given, "path"), find, replace, tuple(more))
        case "delete":
            return DeleteFile(_text(given, "path"))
        case "run":
            timeout = None if given.get("timeout_s") is None else float(given["timeout_s"])
            if timeout is not None and not timeout > 0:
                raise ValueError("timeout_s must be more than 0")
            return RunCommand(_text(given, "command"), timeout, allow_failure=True)
        case "diff":
            return ShowDiff(_text(given, "path", "."))
        case "note":
            return Note(_text(given, "text"))
        case "ask":
            options = given.get("options", [])
            if not isinstance(options, list) or not all(isinstance(option, str) for option in options):
                raise TypeError("options must be a list of texts")
            return Question(_text(given, "question"), tuple(options))
        case "request":
            return RequestAction(ActionClass(given["action"]), _text(given, "detail"))
        case _:
            confidence = float(given["confidence"])
            if not isfinite(confidence):
                raise ValueError("confidence must be a number from 0 to 1")
            return Finish(_text(given, "summary"), min(max(confidence, 0.0), 1.0), _text(given, "evidence", ""))


def _pairs(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The one edit, or the several."""
    several = given.get("edits")
    if several is None:
        if "find" not in given or "replace" not in given:
            raise ValueError("give find and replace, or edits")
        return [(_text(given, "find"), _text(given, "replace"))]
    if "find" in given or "replace" in given:
        raise ValueError("give either find and replace, or edits")
    if not isinstance(several, list) or not several or not all(isinstance(entry, dict) for entry in several):
        raise TypeError("edits must be a list of {find, replace}")
    return [(_text(entry, "find"), _text(entry, "replace")) for entry in several]


def _text(given: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = given.get(key, default)
    if not isinstance(value, str):
        raise TypeError(f"{key} must be a text")
    return value
