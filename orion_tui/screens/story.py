"""The story of one task: why it is there, what it did with which verdicts, its evidence, its diff; outputs folded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.vocabulary.actions import summary_of as summary_of_action
from engine.vocabulary.actions import tool_name
from engine.vocabulary.events import EventKind
from engine.vocabulary.plans import TaskState
from engine.vocabulary.text import decoded, visible
from orion_tui.actions import bindings_for
from orion_tui.bridge import AppState, Watched, ask
from orion_tui.screens.base import OrionScreen
from orion_tui.screens.monitor_now import LIVE_EVERY_S, live_end
from orion_tui.screens.transcript import executed, in_lines, said_in
from orion_tui.widgets.activity import activity_parts
from orion_tui.widgets.columns import cell, count, exact, folded
from orion_tui.widgets.rows import Row, RowList
from orion_tui.widgets.signs import Parts, task_sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from engine.vocabulary.events import Event
    from engine.vocabulary.sessions import Evidence, Session, TaskView

_MOST_LINES = 2_000
_TOLD = (
    EventKind.TURN,
    EventKind.WAITING,
    EventKind.NOTE,
    EventKind.STEERED,
    EventKind.CIRCLE,
    EventKind.COMPACTED,
    EventKind.GATE,
    EventKind.ACTION,
    EventKind.EFFECTS,
    EventKind.PARKED,
    EventKind.DECIDED,
    EventKind.CHECKPOINT,
    EventKind.NOTICE,
    EventKind.SUSPENDED,
    EventKind.TASK_ENDED,
)
DIFF = "diff"
LIVE = "live"
"""The row of what the model is writing at this moment."""


class StoryScreen(OrionScreen):
    """A list whose rows open in place; what is inside a fold is read from the engine when it is opened."""

    NAME = "story"
    BINDINGS = bindings_for("story")

    def __init__(self, session: str, task: str) -> None:
        super().__init__()
        self.session_id = session
        self.task_id = task
        self._open: dict[str, list[str]] = {}
        self._live = ""
        self._own_watch = False

    def compose_body(self) -> ComposeResult:
        yield RowList(id="story")

    def on_mount(self) -> None:
        self.query_one(RowList).focus()
        self.set_interval(LIVE_EVERY_S, self._look_live)
        bridge, engine, session = self.orion.bridge, self.engine, self.session_id
        if session not in bridge.state.watched:
            # Opened from the review: nobody follows the session there.
            self._own_watch = True
            bridge.expect(session)
            ask(self, lambda: (engine.sessions.get(session), engine.sessions.events(session)), self._loaded)

    def _look_live(self) -> None:
        """Ask what the model of this task writes, while it works; its reply becomes an event when it is whole."""
        view = self._view
        if view is None or view.state is not TaskState.RUNNING or view.task.steps is not None or not self.is_current:
            self._wrote("")
            return
        engine, session, task = self.engine, self.session_id, self.task_id
        ask(self, lambda: engine.sessions.live_text(session, task), self._wrote, group="live", exclusive=True)

    def _wrote(self, text: str) -> None:
        if text != self._live:
            self._live = text
            self.redraw()

    def on_unmount(self) -> None:
        if self._own_watch:
            self.orion.bridge.unwatch(self.session_id)

    def _loaded(self, answer: tuple[Session, tuple[Event, ...]]) -> None:
        self.orion.bridge.watch(*answer)
        self.redraw()

    @property
    def _watched(self) -> Watched | None:
        return self.orion.bridge.state.watched.get(self.session_id)

    @property
    def _view(self) -> TaskView | None:
        return self._watched.session.tasks.get(self.task_id) if self._watched else None

    def refresh_from(self, state: AppState) -> None:
        self.query_one(RowList).show(self._rows)

    def header_left(self) -> Parts:
        view = self._view
        if view is None:
            return (("this task is gone", "muted"),)
        sign, tone = task_sign(view.state)
        return ((visible(view.task.title), "title"), (f"  {sign}", tone))

    def header_right(self) -> Parts:
        view = self._view
        return ((f"confidence {view.confidence:.2f}{'⚑ flagged' if view.flagged else ''}", "muted"),) if view else ()

    # -- rows

    def _rows(self, width: int) -> Sequence[Row]:
        view, watched = self._view, self._watched
        if view is None or watched is None:
            return [Row("", (("  This task is no longer part of the plan.", "muted"),))]
        rows = _heading("WHY IT IS THERE")
        rows += _why(view, watched, width)
        rows += _heading("EVIDENCE")
        rows += self._evidence(view, watched, width)
        rows += _heading("WHAT IT DID")
        deeds = [*self._deeds(watched, width), *self._being_written(width)]
        rows += deeds or [_line("nothing yet", width, "muted")]
        rows += _heading("DIFF")
        rows += self._foldable(
            DIFF, ((f"+{view.additions} -{view.deletions} in {count(len(view.files), 'file')}", ""),), width
        )
        return rows

    def _evidence(self, view: TaskView, watched: Watched, width: int) -> list[Row]:
        verified = {True: ("✓ verified", "good"), False: ("✗ not verified", "bad"), None: ("- no check ran", "muted")}
        rows = [
            *_folded("claimed   ", view.claimed or "nothing", width),
            *(_folded("          ", f"proof given: {view.claimed_evidence}", width) if view.claimed_evidence else ()),
            _line(
                f"executed  {count(len(view.evidence), 'check')} by the engine, {executed(watched, self.task_id)}",
                width,
            ),
            Row("", (("  verified  ", ""), verified[view.verified])),
        ]
        if view.calibration is not None and view.calibration.factors:
            why = "; ".join(f"x {factor.value:.2f}: {factor.reason}" for factor in view.calibration.factors)
            sure = f"{view.calibration.value:.2f} of {view.calibration.claimed:.2f} claimed ({why})"
            rows += _folded("sure      ", sure, width)
        for number, found in enumerate(view.evidence):
            rows += self._foldable(f"check:{number}", _evidence_parts(found, width), width)
        return rows

    def _deeds(self, watched: Watched, width: int) -> list[Row]:
        rows: list[Row] = []
        for event in watched.events:
            data: Any = event.data
            of = data["approval"]["task"] if event.kind is EventKind.PARKED else data.get("task")
            to_all = event.kind is EventKind.STEERED and not of
            if event.kind not in _TOLD or (of != self.task_id and not to_all):
                continue
            parts = activity_parts(event, width - 4, lambda _task: "this task")
            if event.kind in (EventKind.TURN, EventKind.NOTE, EventKind.STEERED, EventKind.COMPACTED):
                rows += self._foldable(f"turn:{event.seq}", parts, width)
            elif event.kind is EventKind.ACTION and (data.get("output") or data.get("excerpt")):
                rows += self._foldable(f"event:{event.seq}", parts, width)
            else:
                rows.append(Row(f"plain:{event.seq}", (("    ", ""), *parts)))
                if event.kind is EventKind.GATE and data["verdict"]["decision"] != "allow":
                    rows += _folded("        ", data["verdict"]["message"], width, "muted")
        return rows

    def _being_written(self, width: int) -> list[Row]:
        if not self._live:
            return []
        if LIVE in self._open:
            self._open[LIVE] = in_lines(self._live, width - 10)
        lead = "the model writes  …"
        return self._foldable(LIVE, ((lead, "accent"), (live_end(self._live, width - len(lead) - 6), "")), width)

    def _foldable(self, key: str, parts: Parts, width: int) -> list[Row]:
        lines = self._open.get(key)
        sign = "▾" if lines is not None else "▸"
        rows = [Row(key, ((f"  {sign} ", ""), *parts))]
        for line in lines or ():
            tone = {"+": "good", "-": "bad", "@": "muted"}.get(line[:1], "") if key == DIFF else "muted"
            rows.append(Row("", (("     │ ", "muted"), (cell(line.expandtabs(4), width - 7), tone))))
        return rows

    # -- keys

    def facts(self) -> frozenset[str]:
        facts = set(super().facts())
        kind = self.query_one(RowList).chosen.partition(":")[0]
        if kind in ("event", "check", "turn", LIVE, DIFF):
            facts.add("fold")
        if self._view is not None:
            facts.add("task")
        if self._asks:
            facts.add("decision")
        return frozenset(facts)

    def on_row_list_chosen(self) -> None:
        self.update_footer()

    @property
    def _asks(self) -> str:
        """The id of the approval that the task waits for, or an empty string."""
        waiting = self._watched.session.waiting if self._watched else ()
        return next((approval.id for approval in waiting if approval.task == self.task_id), "")

    def do_approvals(self) -> None:
        self.orion.go("approvals", session=self.session_id, approval=self._asks)

    def do_unfold(self) -> None:
        self._toggle(self.query_one(RowList).chosen)

    def do_unfold_space(self) -> None:
        self.do_unfold()

    def do_story_diff(self) -> None:
        self.query_one(RowList).choose(DIFF)
        self._toggle(DIFF)

    def _toggle(self, key: str) -> None:
        if key in self._open:
            del self._open[key]
            self.redraw()
            return
        kind, _, number = key.partition(":")
        if kind == LIVE:
            self._show_opened(LIVE, [])
        elif kind == DIFF:
            engine, session, task = self.engine, self.session_id, self.task_id
            ask(self, lambda: engine.sessions.task_diff(session, task), lambda raw: self._fill(key, raw, "no change"))
        elif kind == "check" and self._view:
            found = self._view.evidence[int(number)]
            self._fetch(key, found.output, found.excerpt)
        elif kind in ("event", "turn") and self._watched:
            event = next(event for event in self._watched.events if event.seq == int(number))
            if kind == "turn" and event.kind is not EventKind.COMPACTED:
                self._show_opened(key, said_in(event, self.size.width - 10))
                return
            self._fetch(key, event.data.get("output") or event.data.get("dropped", ""), event.data.get("excerpt", ""))

    def _fetch(self, key: str, blob: str, excerpt: str) -> None:
        if not blob:
            self._fill(key, excerpt.encode(), "no output")
            return
        engine = self.engine
        ask(self, lambda: engine.sessions.output(blob), lambda raw: self._fill(key, raw, "no output"))

    def _fill(self, key: str, raw: bytes, nothing: str) -> None:
        lines = decoded(raw[: 4 * 1024 * 1024]).split("\n")
        if lines and not lines[-1]:
            lines.pop()
        cut = len(lines) - _MOST_LINES
        if cut > 0:
            lines = [*lines[:_MOST_LINES], f"… {cut} more lines: orion log shows them"]
        self._show_opened(key, lines or [nothing])

    def _show_opened(self, key: str, lines: list[str]) -> None:
        self._open[key] = lines
        self.redraw()
        rows = self.query_one(RowList)
        if rows.chosen == key:
            rows.reveal()


def _heading(text: str) -> list[Row]:
    return [Row("", ()), Row("", ((f" {text}", "title"),))]


def _line(text: str, width: int, tone: str = "") -> Row:
    return Row("", ((cell(f"  {text}", width), tone),))


def _folded(lead: str, text: str, width: int, tone: str = "") -> list[Row]:
    """Text in as many lines as it needs, below each other behind the lead."""
    lines = folded(text, width - len(lead) - 4)
    return [_line((lead if not number else " " * len(lead)) + line, width, tone) for number, line in enumerate(lines)]


def _why(view: TaskView, watched: Watched, width: int) -> list[Row]:
    task = view.task
    after = [watched.session.tasks[key].task.title for key in task.depends_on if key in watched.session.tasks]
    lines = [f"for the goal: {watched.session.goal}"]
    if after:
        lines.append(f"after: {', '.join(after)}")
    if task.instructions:
        lines.append(f"asked to: {task.instructions}")
    if view.verdict:
        lines.append(
            f"gate: {view.verdict.decision} by {view.verdict.layer} ({view.verdict.rule}), {view.verdict.message}"
        )
    if view.reason and not (view.verdict and view.reason == view.verdict.message):
        lines.append(f"now: {view.reason}")
    if view.started_at:
        lines.append(f"began {exact(view.started_at)}" + (f", ended {exact(view.ended_at)}" if view.ended_at else ""))
    rows = [_line(part, width) for line in lines for part in folded(line, width - 4)]
    if not view.started_at and task.steps:
        rows += [_line(f"will {tool_name(step)}: {summary_of_action(step)}", width, "muted") for step in task.steps]
    return rows


def _evidence_parts(found: Evidence, width: int) -> Parts:
    ending = "✓ exit 0" if found.passed else f"✗ exit {found.exit}"
    return (
        (cell(found.run, width - 27) + " ", ""),
        (f"{ending:<12}", "good" if found.passed else "bad"),
        (f"{found.duration_s:>7.1f} s", "muted"),
    )
