"""The live log of a session: one aligned line per event, formatted only when it comes into view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.plans import TaskState
from engine.vocabulary.text import first_line
from orion_tui.reasons import reason_words
from orion_tui.widgets.columns import cell, clock, count, span
from orion_tui.widgets.lines import LineView
from orion_tui.widgets.signs import TASK_SIGNS, Parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# A start is told by its end one line later; what runs now stands below the log.
_TITLED = (EventKind.TASK_STARTED, EventKind.TASK_ENDED)
_CALLED = {
    "intake": "took the goal in",
    "plan": "made the plan",
    "replan": "weighed the rest of the plan",
}
"""What a model was asked for outside of tasks; its answer is a form, told by the fact that follows."""
_UNSEEN = frozenset({EventKind.ACTION_STARTED, EventKind.ASKED, EventKind.HEEDED})


class ActivityLog(LineView):
    """Follows the newest line until a person scrolls up, and again from `follow` or the end key."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "by(-1)", "up", show=False),
        Binding("down,j", "by(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown,space", "page(1)", "page down", show=False),
        Binding("home", "first", "first", show=False),
        Binding("end", "follow", "newest", show=False),
    ]

    class FollowChanged(Message):
        """The log began or ceased to follow."""

    def __init__(self, title_of: Callable[[str], str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._events: list[Event] = []
        self._title_of = title_of
        self.following = True
        self.naming = False
        """Whether each line says which task it belongs to: several are at work."""

    def extend(self, events: Sequence[Event]) -> None:
        """Add newer events; one repaint whatever their number."""
        shown = [event for event in events if event.kind not in _UNSEEN]
        if not shown:
            return
        self._events += shown
        self.resize_to_lines()
        if self.following:
            self._to_end()
        self.refresh()

    def on_resize(self) -> None:
        if self.following:
            self._to_end()

    def _to_end(self) -> None:
        # Forced: the scroll bar that would allow it appears only with the next layout.
        self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True, force=True)

    def line_count(self) -> int:
        return len(self._events)

    def line_parts(self, number: int, width: int) -> Parts:
        return activity_parts(self._events[number], width, self._title_of, naming=self.naming)

    def follow(self, on: bool) -> None:
        """Follow the newest line, or hold still."""
        changed = on != self.following
        self.following = on
        if on:
            self._to_end()
        if changed:
            self.post_message(self.FollowChanged())

    def action_by(self, lines: int) -> None:
        self.scroll_relative(y=lines, animate=False, immediate=True)
        self._after_scroll()

    def action_page(self, pages: int) -> None:
        self.action_by(pages * max(1, self.scrollable_content_region.height - 1))

    def action_first(self) -> None:
        self.scroll_home(animate=False, immediate=True)
        self._after_scroll()

    def action_follow(self) -> None:
        self.follow(True)

    def _after_scroll(self) -> None:
        self.follow(self.scroll_offset.y >= self.max_scroll_y)

    def on_mouse_scroll_up(self) -> None:
        self.follow(False)


def activity_parts(event: Event, width: int, title_of: Callable[[str], str], *, naming: bool = False) -> Parts:
    """One event as a line: time, verb, what, and the outcome at the right edge; with `naming` the task's id before it,
    where the line does not say its title."""
    verb, what, outcome, tone = _told(event, title_of)
    if naming and event.data.get("task") and event.kind not in _TITLED:
        what = f"{event.data['task']}  {what}"
    room = width - 1
    time = f"{clock(event.at)} " if room >= 50 else ""
    room -= len(time) + 6
    if room < 48 and outcome.endswith(" s"):
        # A duration that is cut says something else, so it goes whole.
        outcome = outcome[:12].rstrip()
    right = 22 if room >= 48 else min(len(outcome), max(room // 2, 0))
    return (
        (f" {time}", "muted"),
        (f"{verb:<5} ", "muted"),
        (cell(what, room - right - 1) + " ", "title" if event.kind is EventKind.TASK_STARTED else ""),
        (cell(outcome, right), tone),
    )


def _told(event: Event, title_of: Callable[[str], str]) -> tuple[str, str, str, str]:
    """Verb, what, outcome and the outcome's tone."""
    data: Any = event.data
    kind = event.kind
    if kind is EventKind.ACTION:
        return _action(data)
    if kind is EventKind.GATE:
        verdict = data["verdict"]
        sign, tone = {"allow": ("", "muted"), "park": ("◐ ", "accent"), "block": ("⊘ ", "bad")}[verdict["decision"]]
        what = verdict.get("action") or verdict["rule"]
        subject = verdict.get("subject") or ""
        return "gate", f"{what}  {subject}".rstrip(), f"{sign}{verdict['decision']} ({verdict['layer']})", tone
    if kind is EventKind.CHECK:
        good = data["passed"]
        ending = "✓ verified" if good else f"✗ exit {data.get('exit')}"
        return "check", data["run"], f"{ending:<12}{_seconds(data)}", "good" if good else "bad"
    if kind is EventKind.TASK_ENDED:
        sign, word, tone = TASK_SIGNS[TaskState(data["state"])]
        reason = f": {data['reason']}" if data.get("reason") else ""
        return "task", f"{title_of(data['task'])}{reason}", f"{sign} {word}", tone
    if kind is EventKind.NOTICE:
        level = data.get("level", "info")
        return "note", data["message"], "" if level == "info" else f"! {level}", "bad" if level == "error" else ""
    return _rest(event, title_of)


def _noted(data: Any) -> str:
    return "noted for the agent" if data.get("added") else "no longer waits"


def _rest(event: Event, title_of: Callable[[str], str]) -> tuple[str, str, str, str]:
    data: Any = event.data
    match event.kind:
        case EventKind.TASK_STARTED:
            attempt = data.get("attempt", 1)
            return "task", title_of(data["task"]), f"try {attempt}" if attempt > 1 else "", "muted"
        case EventKind.WAITING:
            return "wait", data["reason"], f"until {clock(data['until'])}", "accent"
        case EventKind.STEERED:
            return "you", data["text"], "said", ""
        case EventKind.NOTE:
            return "note", data["text"], "noted", "muted"
        case EventKind.CIRCLE:
            return "loop", data["message"], "◐ in circles", "accent"
        case EventKind.COMPACTED:
            saved = f"{data['tokens_before']:,} to {data['tokens_after']:,} tokens"
            return "model", f"{count(data['messages'], 'old message')} dropped to make room", saved, "muted"
        case EventKind.TURN:
            tokens = data.get("tokens_in", 0) + data.get("tokens_out", 0)
            said = _CALLED.get(data.get("purpose", "")) or first_line(data.get("text", "")) or f"turn {data['turn']}"
            return "model", said, f"{tokens:,} tokens", "muted"
        case EventKind.EFFECTS:
            size = f"+{data.get('additions', 0)} -{data.get('deletions', 0)}"
            return "edit", ", ".join(entry["path"] for entry in data.get("files", ())) or "nothing changed", size, ""
        case EventKind.PARKED:
            return "ask", first_line(data["approval"]["detail"]), "◐ waits for you", "accent"
        case EventKind.DECIDED:
            reason = f": {data['reason']}" if data.get("reason") else ""
            return "you", f"{title_of(data['task']) or 'set-up'}{reason}", data["decision"], ""
        case EventKind.REVIEW_NOTED:
            notes = data.get("added") or data.get("gone") or ()
            return "you", "; ".join(f"{each['path']}: {each['text']}" for each in notes), _noted(data), "muted"
        case EventKind.SETUP:
            return _setup(data)
        case EventKind.CHECKPOINT:
            return "save", f"checkpoint {data['number']} ({data.get('why', 'kept')})", data["commit"][:10], "muted"
        case EventKind.SESSION_STARTED:
            box = data.get("sandbox") or {}
            word = "resumed" if data.get("resumed") else "started"
            return "begin", f"{word} in {box.get('name', 'a sandbox')}, net {box.get('network', 'off')}", "", ""
        case EventKind.SESSION_ENDED:
            return "end", reason_words(data.get("reason", "")), data["state"].replace("_", " "), "title"
        case EventKind.PLAN_MADE:
            return "plan", count(len(data["plan"]["tasks"]), "task"), data["plan"].get("source", ""), "muted"
        case EventKind.INTAKE:
            answers = len((data.get("brief") or {}).get("answers", ()))
            asked = (data.get("brief") or {}).get("asked", "the goal as it stands")
            return "goal", f"understood: {asked}", count(answers, "answer") if answers else "", "muted"
        case EventKind.REPLANNED:
            words = (("added", "new"), ("removed", "gone"), ("changed", "changed"))
            moved = "; ".join(f"{word}: {', '.join(data[key])}" for key, word in words if data.get(key))
            tone = "muted" if data["decision"] == "keep" else "title"
            return "plan", f"{data['reason']}  {moved}".rstrip(), _difference(data), tone
        case EventKind.SESSION_CREATED:
            return "goal", data["goal"], data["role"], "muted"
        case EventKind.DRIFT:
            return "drift", ", ".join(data.get("paths", ())), data["severity"], "accent"
        case EventKind.HAND_OFF:
            return "yours", data["command"], "run it yourself", "accent"
        case EventKind.LIMITS_SET:
            return "limit", f"{span(data['time_s'])} of work, ${data['cost_usd']:.2f}", "set by you", ""
        case EventKind.ROLLED_BACK:
            what = f"to checkpoint {data['checkpoint']}, {count(len(data.get('tasks', ())), 'task')} to do again"
            return "back", what, data["commit"][:10], "accent"
        case EventKind.SUSPENDED:
            why = data["held"].replace("_", " ") if data.get("held") else "goes on here"
            return "pause", title_of(data["task"]), why, "muted"
        case _:
            about = data.get("reason") or data.get("branch") or data.get("commit") or ""
            return "event", f"{event.kind.value.replace('_', ' ')} {about}", "", ""


def _difference(data: Any) -> str:
    """What a weighing changed: `revised +1 -2 ~1`."""
    signs = (("added", "+"), ("removed", "-"), ("changed", "~"))
    moved = " ".join(f"{sign}{len(data[key])}" for key, sign in signs if data.get(key))
    return f"{ {'keep': 'kept', 'revise': 'revised', 'abort': 'given up'}[data['decision']] } {moved}".strip()


def _action(data: Any) -> tuple[str, str, str, str]:
    verb = (data.get("action") or {}).get("tool", "run")
    outcome = data["outcome"]
    code = data.get("exit")
    if outcome == "ok":
        ending, tone = ("exit 0" if verb == "run" else "done"), "muted"
    elif outcome == "failed":
        ending, tone = (f"✗ exit {code}" if code is not None else "✗ failed"), "bad"
    else:
        words = {"timed_out": "✗ timed out", "not_found": "✗ not found", "stopped": "‖ stopped"}
        ending, tone = words.get(outcome, f"✗ {outcome.replace('_', ' ')}"), "bad"
    return verb, data["summary"], f"{ending:<12}{_seconds(data)}", tone


def _setup(data: Any) -> tuple[str, str, str, str]:
    state = data["state"]
    if state == "began":
        return "setup", data["run"], "● with a network", "accent"
    if state == "ran":
        return ("setup", *_action({**data, "summary": data["run"]})[1:])
    if state == "frozen":
        whence = "from an earlier session" if data["cached"] else "frozen, read-only"
        return "setup", ", ".join(("/setup", *data["folders"])), f"✓ {whence}", "good"
    return "setup", data["reason"], f"✗ {state}" if state == "failed" else state, "bad" if state == "failed" else ""


def _seconds(data: Any) -> str:
    seconds = float(data.get("duration_s") or 0.0)
    return f"{seconds:>7.1f} s" if seconds < 100 else f"{span(seconds):>9}"
