"""A model that reads its replies from a recording: same port, same loop as a live one, only the network is absent.

A recording is JSON lines. The first is a header, each other one reply:

    {"format": "orion-replay/1", "about": "written by hand for the sample repository"}
    {"purpose": "act", "task": "fix", "turn": 1, "expects": null, "reply": {"text": "…", "calls": [], "usage": {}}}

`expects` is the digest of the observation that the reply answers (see `observation_digest`), or null when it fits any.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from engine.models.observation import observation_digest
from engine.vocabulary.errors import Cancelled, ModelError, ModelFault
from engine.vocabulary.models import PURPOSES, FinishReason, ModelReply, ModelRequest, Price, ToolCall, Usage
from engine.vocabulary.text import shortened, visible

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.vocabulary.ports import ModelWatch

FORMAT = "orion-replay/1"
_MAX_BYTES = 16 * 1024 * 1024
_NO_LIMIT = 1_000_000
_FIELDS = {"purpose", "task", "turn", "expects", "reply"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One line of a recording; `line` counts from 1."""

    line: int
    expects: str | None
    reply: ModelReply


class ReplayModel:
    """Answers from the file `recording`, which is read once, at the first use."""

    def __init__(self, name: str, recording: Path) -> None:
        self._name = name
        self._recording = recording
        self._lock = threading.Lock()
        self._about = ""
        self._replies: Mapping[tuple[str, str, int], list[Recorded]] | None = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def context_tokens(self) -> int:
        return _NO_LIMIT

    @property
    def max_output_tokens(self) -> int:
        return _NO_LIMIT // 4

    @property
    def price(self) -> Price:
        """Nothing: what a recorded reply cost stands in it."""
        return Price()

    def about(self) -> str:
        """What the recording says of itself, for a person. Raises ModelError."""
        self._read()
        return self._about

    def complete(self, request: ModelRequest, stop: threading.Event, watch: ModelWatch | None = None) -> ModelReply:
        """The recorded reply for purpose, task and turn. Raises ModelError (not retryable) when there is none or when
        it was recorded for another observation; Cancelled once `stop` is set."""
        if stop.is_set():
            raise Cancelled
        replies = self._read()
        wanted = (request.purpose, request.task, request.turn)
        options = replies.get(wanted, [])
        if not options:
            turns = sorted(turn for purpose, task, turn in replies if (purpose, task) == wanted[:2])
            has = f"it has turns {turns[0]} to {turns[-1]} of it" if turns else "it has nothing for it"
            raise ModelError(
                f"the recording {self._file} has no reply for {_key(wanted)}; {has}",
                "a recording fits only the goal, plan and repository that it was written for",
                fault=ModelFault.RECORDING if turns else ModelFault.NOT_RECORDED,
            )
        recorded = self._fitting(options, request)
        if watch is not None and recorded.reply.text:
            watch.text(recorded.reply.text)
        return recorded.reply

    def _fitting(self, options: list[Recorded], request: ModelRequest) -> Recorded:
        """The reply to what the model sees now; a task that ran twice has several for one turn."""
        if options[0].expects is None:
            return options[0]
        found = observation_digest(request.messages)
        fitting = next((option for option in options if option.expects == found), None)
        if fitting is not None:
            return fitting
        first = options[0]
        last = next((m.text for m in reversed(request.messages) if m.role in ("tool", "user")), "")
        raise ModelError(
            f"the reply for {_key((request.purpose, request.task, request.turn))} (line {first.line} of {self._file}) "
            f"was recorded for another observation: expected {first.expects}, found {found}: "
            f"{visible(shortened(last.strip(), 160))}",
            "something in the repository or the sandbox differs from when the recording was made",
            fault=ModelFault.RECORDING,
        )

    @property
    def _file(self) -> str:
        return visible(self._recording.name)

    def _read(self) -> Mapping[tuple[str, str, int], list[Recorded]]:
        with self._lock:
            if self._replies is None:
                self._about, self._replies = _load(self._recording)
            return self._replies


def _key(key: tuple[str, str, int]) -> str:
    purpose, task, turn = key
    of = f"task {task!r}, " if task else ""
    return f"purpose {purpose!r}, {of}turn {turn}"


def _load(path: Path) -> tuple[str, Mapping[tuple[str, str, int], list[Recorded]]]:
    name = visible(path.name)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ModelError(f"the recording {name} is larger than 16 MiB", "split it", fault=ModelFault.RECORDING)
        lines = path.read_text("utf-8").removesuffix("\n").split("\n")
    except OSError as missing:
        raise ModelError(
            f"the recording {visible(str(path))} cannot be read: {missing.strerror}",
            "check `file` of this model in config.yaml",
            fault=ModelFault.RECORDING,
        ) from missing
    except UnicodeDecodeError as bad:
        raise ModelError(f"the recording {name} is not UTF-8", "save it as UTF-8", fault=ModelFault.RECORDING) from bad
    about = ""
    replies: dict[tuple[str, str, int], list[Recorded]] = {}
    for number, line in enumerate(lines, 1):
        if number > 1 and not line.strip():
            continue
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            _broken(name, number, "is not JSON", "one JSON object on each line")
        if not isinstance(data, dict):
            _broken(name, number, "is not a JSON object", "one JSON object on each line")
        if number == 1:
            about = _header(name, data)
            continue
        key, recorded = _line(name, number, data)
        for other in replies.get(key, ()):
            if recorded.expects is None or other.expects in (None, recorded.expects):
                _broken(name, number, f"repeats {_key(key)}, which line {other.line} has", "keep one of them")
        replies.setdefault(key, []).append(recorded)
    return about, replies


def _header(name: str, data: Mapping[str, Any]) -> str:
    if data.get("format") != FORMAT:
        _broken(name, 1, "is no header", f'expected {{"format": "{FORMAT}", "about": "…"}}')
    about = data.get("about")
    if not isinstance(about, str) or not about.strip():
        _broken(name, 1, "does not say what the recording is", "give `about` a sentence, such as who wrote it")
    return about


def _line(name: str, number: int, data: Mapping[str, Any]) -> tuple[tuple[str, str, int], Recorded]:
    unknown = sorted(set(data) - _FIELDS)
    if unknown:
        _broken(name, number, f"has the unknown field {unknown[0]!r}", f"known: {', '.join(sorted(_FIELDS))}")
    purpose, task, turn = data.get("purpose"), data.get("task", ""), data.get("turn")
    if purpose not in PURPOSES:
        _broken(name, number, "has no known `purpose`", f"one of {', '.join(PURPOSES)}")
    if not isinstance(task, str) or not isinstance(turn, int) or isinstance(turn, bool) or turn < 1:
        _broken(name, number, "needs `task` (text) and `turn` (a whole number from 1)", "")
    expects, reply = data.get("expects"), data.get("reply")
    if expects is not None and not (isinstance(expects, str) and len(expects) == 64):
        _broken(name, number, "has an `expects` that is no digest", "64 hexadecimal digits, or null")
    if not isinstance(reply, dict):
        _broken(name, number, "has no `reply`", '{"text": "…", "calls": [], "usage": {}}')
    return (purpose, task, turn), Recorded(number, expects, _reply(name, number, task, turn, reply))


def _reply(name: str, number: int, task: str, turn: int, data: Mapping[str, Any]) -> ModelReply:
    text, wanted = data.get("text", ""), data.get("calls", [])
    if not isinstance(text, str):
        _broken(name, number, "has a `text` that is no text", "text, possibly empty")
    if not isinstance(wanted, list):
        _broken(name, number, "has `calls` that are no list", '[{"name": "…", "arguments": {}}]')
    calls = []
    for index, call in enumerate(wanted, 1):
        if not _is_call(call):
            _broken(name, number, f"has a call (number {index}) of another shape", '{"name": "…", "arguments": {}}')
        calls.append(ToolCall(**{"id": f"{task or 'plan'}-{turn}-{index}", **call}))
    finish = data.get("finish", FinishReason.TOOL if calls else FinishReason.STOP)
    if finish not in [reason.value for reason in FinishReason]:
        _broken(name, number, "has no known `finish`", f"one of {', '.join(FinishReason)}")
    return ModelReply(text, tuple(calls), _usage(name, number, data.get("usage", {})), FinishReason(finish))


def _is_call(call: Any) -> bool:
    return (
        isinstance(call, dict)
        and {"name", "arguments"} <= set(call) <= {"id", "name", "arguments", "problem"}
        and isinstance(call["arguments"], dict)
        and all(isinstance(call[key], str) for key in call if key != "arguments")
    )


def _usage(name: str, number: int, data: Any) -> Usage:
    try:
        used = Usage(**data)
    except TypeError:
        _broken(name, number, "has a `usage` of another shape", "tokens_in, tokens_out, cost_usd, cached_in, …")
    if not all(isinstance(value, (int, float)) for value in data.values()):
        _broken(name, number, "has a `usage` that is not made of numbers", "tokens_in, tokens_out and cost_usd")
    return used


def _broken(name: str, number: int, what: str, hint: str) -> NoReturn:
    raise ModelError(f"line {number} of the recording {name} {visible(what)}", hint, fault=ModelFault.RECORDING)
