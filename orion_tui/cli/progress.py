"""One event of a session as a line for a person; kinds that say nothing new to a person give none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.text import counted, first_line, on_one_line, shortened
from orion_tui.reasons import reason_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SIGNS: Mapping[str, str] = {
    "created": "·",
    "pending": "·",
    "ready": "·",
    "running": "●",
    "parked": "◐",
    "awaiting_review": "◐",
    "kept": "✓",
    "completed": "✓",
    "promoted": "✓",
    "failed": "✗",
    "denied": "✗",
    "rejected": "✗",
    "expired": "✗",
    "cancelled": "✗",
    "blocked": "⊘",
    "skipped": "-",
    "paused": "‖",
    "interrupted": "↺",
}
COLOURS: Mapping[str, str] = {"✓": "green", "✗": "red", "⊘": "red", "◐": "yellow", "●": "cyan", "↺": "yellow"}
_SUMMARY_WIDTH = 72


def signed(state: str) -> str:
    """A state as sign and words: `✓ kept`, `◐ awaiting review`."""
    return f"{SIGNS.get(state, '·')} {state.replace('_', ' ')}"


def seconds(value: float) -> str:
    """A span of seconds as a person says it: `0.4 s`, `3 m 10 s`, `2 h 05 m`."""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(int(value + 0.5), 60)
    if minutes < 60:
        return f"{minutes} m {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} m"


@dataclass(frozen=True, slots=True)
class Line:
    """`sign` is one character, `verb` what happened, `text` untrusted until it is printed."""

    sign: str
    verb: str
    text: str
    at: str = ""

    def __str__(self) -> str:
        clock = self.at[11:19]
        return f"{clock} {self.sign} {self.verb:<10} {self.text}".rstrip()


def line_of(event: Event) -> Line | None:
    """What a person is told about the event, or None."""
    tell = _TELLERS.get(event.kind)
    if tell is None:
        return None
    sign, verb, text = tell(event.data)
    return Line(sign, verb, text, event.at) if verb else None


_Told = tuple[str, str, str]
_NOTHING: _Told = ("", "", "")


def _created(data: Mapping[str, Any]) -> _Told:
    return "·", "goal", f"{data['goal']}  ({data['role']}, from {data['base_commit'][:10]} on {data['branch']})"


def _planned(data: Mapping[str, Any]) -> _Told:
    tasks = data["plan"]["tasks"]
    return "·", "plan", f"{len(tasks)} task{'s' * (len(tasks) != 1)}: " + ", ".join(task["id"] for task in tasks)


def _taken_in(data: Mapping[str, Any]) -> _Told:
    brief = data.get("brief")
    if not brief:
        return _NOTHING
    answers = "".join(f"; {answer['question']} {answer['text'] or 'left open'}" for answer in brief.get("answers", ()))
    return "·", "goal", f"understood: {brief['asked']}{answers}"


def _replanned(data: Mapping[str, Any]) -> _Told:
    parts = [f"{word} {', '.join(data[key])}" for key, word in _MOVED if data.get(key)]
    return "·", f"plan {data['decision']}", "; ".join([data["reason"], *parts])


_MOVED = (("added", "new:"), ("removed", "gone:"), ("changed", "changed:"))


def _started(data: Mapping[str, Any]) -> _Told:
    sandbox = data.get("sandbox") or {}
    again = "resumed" if data.get("resumed") else "started"
    return "●", again, f"sandbox {sandbox.get('name', '?')}, network {sandbox.get('network', 'off')}"


def _setup(data: Mapping[str, Any]) -> _Told:
    state = data["state"]
    if state == "began":
        return "●", "set-up", f"{on_one_line(data['run'], _SUMMARY_WIDTH)}  with a network"
    if state == "ran":
        exit_status = data.get("exit")
        how = f"exit {exit_status}" if exit_status is not None else data["outcome"].replace("_", " ")
        command = on_one_line(data["run"], _SUMMARY_WIDTH)
        return ("·" if data["outcome"] == "ok" else "✗"), "set-up", f"{command}  {how}  {seconds(data['duration_s'])}"
    if state == "frozen":
        whence = "taken from an earlier session" if data["cached"] else "done"
        folders = f" with {', '.join(data['folders'])}" if data["folders"] else ""
        return "✓", "set-up", f"{whence}, frozen read-only{folders}; the network is off from here on"
    return ("✗" if state == "failed" else "·"), "set-up", f"{state}: {data['reason']}"


def _task_started(data: Mapping[str, Any]) -> _Told:
    tries = f"  (attempt {data['attempt']})" if data.get("attempt", 1) > 1 else ""
    return "●", "task", f"{data['title']}{tries}"


def _gate(data: Mapping[str, Any]) -> _Told:
    verdict = data["verdict"]
    if verdict["decision"] != "block":
        # What is parked and what is flagged is told once, when the task parks or ends.
        return _NOTHING
    return "⊘", "gate block", ruled(verdict["message"], verdict["rule"])


def ruled(message: str, rule: str) -> str:
    """The gate's sentence with its rule, unless the sentence names it already."""
    return message if not rule or rule in message else f"{message} [{rule}]"


def _action(data: Mapping[str, Any]) -> _Told:
    outcome = data.get("outcome", "ok")
    tool = (data.get("action") or {}).get("tool", "action")
    summary = shortened(data.get("summary", ""), _SUMMARY_WIDTH)
    exit_status = data.get("exit")
    how = f"exit {exit_status}" if exit_status is not None else outcome.replace("_", " ")
    took = f"  {seconds(data['duration_s'])}" if tool == "run" else ""
    return ("·" if outcome == "ok" else "✗"), tool, f"{summary}  {how}{took}"


def _effects(data: Mapping[str, Any]) -> _Told:
    files = data.get("files", ())
    if not files:
        return _NOTHING
    names = ", ".join(entry["path"] for entry in files[:4]) + (f" and {len(files) - 4} more" if len(files) > 4 else "")
    return "·", "changed", f"{names}  +{data.get('additions', 0)} -{data.get('deletions', 0)}"


def _check(data: Mapping[str, Any]) -> _Told:
    passed = data["passed"]
    how = "passed" if passed else f"failed, exit {data.get('exit')}: {first_line(data.get('excerpt', ''))}"
    command = on_one_line(data["run"], _SUMMARY_WIDTH)
    return ("✓" if passed else "✗"), "check", f"{command}  {how}"


def _parked(data: Mapping[str, Any]) -> _Told:
    approval = data["approval"]
    detail = shortened(first_line(approval["detail"]), _SUMMARY_WIDTH)
    lead = "" if detail in approval["reason"] else f"{detail}: "
    return "◐", "parked", f"{lead}{ruled(approval['reason'], approval['rule'])}"


def _decided(data: Mapping[str, Any]) -> _Told:
    reason = f": {data['reason']}" if data.get("reason") else ""
    return "·", data["decision"], f"{data['approval']}{reason}"


def _checkpoint(data: Mapping[str, Any]) -> _Told:
    why = "" if data.get("why", "kept") == "kept" else f"  ({data['why']})"
    return "·", "checkpoint", f"{data['number']}  {data['commit'][:10]}  {data.get('task', '')}{why}"


def _task_ended(data: Mapping[str, Any]) -> _Told:
    state = data["state"]
    parts = [data["task"]]
    if data.get("verified") is not None:
        parts.append("verified" if data["verified"] else "not verified")
    if data.get("flagged"):
        parts.append("flagged for review")
    reason = f": {ruled(data.get('reason', ''), data.get('rule', ''))}" if data.get("reason") else ""
    return SIGNS.get(state, "·"), state, f"{', '.join(parts)}{reason}"


def _notice(data: Mapping[str, Any]) -> _Told:
    return "·", data.get("level", "info"), data["message"]


def _turn(data: Mapping[str, Any]) -> _Told:
    if data.get("purpose", "act") != "act" or not first_line(data.get("text", "")):
        return _NOTHING
    return "·", "model", shortened(first_line(data["text"]), _SUMMARY_WIDTH)


def _waiting(data: Mapping[str, Any]) -> _Told:
    return "·", "waiting", f"{data['reason']}, until {data['until'][11:19]}"


def _steered(data: Mapping[str, Any]) -> _Told:
    return "·", "you say", data["text"]


def _circle(data: Mapping[str, Any]) -> _Told:
    return "◐", "circles", data["message"]


def _drift(data: Mapping[str, Any]) -> _Told:
    return "◐", "drift", f"{data['severity']}: {', '.join(data.get('paths', ()))}"


def _hand_off(data: Mapping[str, Any]) -> _Told:
    return "◐", "hand-off", f"{data['command']}: {data.get('reason', '')}"


def _ended(data: Mapping[str, Any]) -> _Told:
    state = data["state"]
    reason = f": {reason_words(data['reason'])}" if data.get("reason") else ""
    counts = ", ".join(f"{count} {name}" for name, count in data["tasks"].items() if count and name != "total")
    return SIGNS.get(state, "·"), "ended", f"{state.replace('_', ' ')}{reason}  ({counts})"


def _promoted(data: Mapping[str, Any]) -> _Told:
    return "✓", "promoted", f"{data['commit'][:10]} on {data['branch']}, {counted(data['files'], 'file')}"


def _rejected(data: Mapping[str, Any]) -> _Told:
    return "✗", "rejected", f"{data.get('task') or 'the session'}: {data.get('reason', '')}"


def _completed(_data: Mapping[str, Any]) -> _Told:
    return "✓", "completed", "reviewed, nothing to promote"


_TELLERS: Mapping[EventKind, Callable[[Mapping[str, Any]], _Told]] = {
    EventKind.SESSION_CREATED: _created,
    EventKind.INTAKE: _taken_in,
    EventKind.PLAN_MADE: _planned,
    EventKind.REPLANNED: _replanned,
    EventKind.SESSION_STARTED: _started,
    EventKind.SETUP: _setup,
    EventKind.TASK_STARTED: _task_started,
    EventKind.GATE: _gate,
    EventKind.ACTION: _action,
    EventKind.EFFECTS: _effects,
    EventKind.CHECK: _check,
    EventKind.PARKED: _parked,
    EventKind.DECIDED: _decided,
    EventKind.CHECKPOINT: _checkpoint,
    EventKind.TASK_ENDED: _task_ended,
    EventKind.NOTICE: _notice,
    EventKind.TURN: _turn,
    EventKind.WAITING: _waiting,
    EventKind.STEERED: _steered,
    EventKind.CIRCLE: _circle,
    EventKind.DRIFT: _drift,
    EventKind.HAND_OFF: _hand_off,
    EventKind.SESSION_ENDED: _ended,
    EventKind.PROMOTED: _promoted,
    EventKind.REJECTED: _rejected,
    EventKind.COMPLETED: _completed,
}
