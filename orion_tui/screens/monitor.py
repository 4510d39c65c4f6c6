"""Monitor: what is it doing, and should I worry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Container
from textual.widgets import Static

from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import LIMIT_REASONS, Limits, Session, SessionState
from engine.vocabulary.text import visible
from orion_tui.actions import bindings_for
from orion_tui.bridge import AppState, Watched, ask
from orion_tui.reasons import reason_words
from orion_tui.screens.base import OrionScreen
from orion_tui.screens.monitor_now import LIVE_EVERY_S, doing_now, now_parts, writing_task
from orion_tui.screens.plan_rows import left_of
from orion_tui.widgets.activity import ActivityLog
from orion_tui.widgets.columns import cell, clock, count, money, span
from orion_tui.widgets.header import styled
from orion_tui.widgets.meters import Meters
from orion_tui.widgets.rows import Row, RowList
from orion_tui.widgets.signs import Part, Parts, session_sign
from orion_tui.widgets.task_list import task_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import ComposeResult

    from engine.vocabulary.events import Event
    from engine.vocabulary.room import MemoryRoom

_RESUMABLE = (SessionState.PAUSED, SessionState.INTERRUPTED, SessionState.CREATED)
_UNFINISHED = (SessionState.RUNNING, *_RESUMABLE)
_LIMITED = (*_UNFINISHED, SessionState.AWAITING_REVIEW)
_STILL = (*_RESUMABLE, SessionState.AWAITING_REVIEW, SessionState.FAILED)


class MonitorScreen(OrionScreen):
    """Tasks at the left, activity at the right, budgets below; narrow, the tasks stand above the activity."""

    NAME = "monitor"
    BINDINGS = bindings_for("monitor")
    DRAWS_BEHIND = True

    def __init__(self, session: str) -> None:
        super().__init__()
        self.session_id = session
        self._told = 0
        self._doing: Mapping[str, Event] = {}
        self._ordered = ""
        self._live = ""

    def compose_body(self) -> ComposeResult:
        with Container(id="work"):
            yield RowList(id="tasks")
            yield ActivityLog(self._title_of, id="activity")
        yield Static(id="now", markup=False)
        yield Meters(id="meters")

    def on_mount(self) -> None:
        self.query_one("#tasks").border_title = "TASKS"
        self.query_one("#activity").border_title = "ACTIVITY"
        self._show_follow()
        self.query_one("#tasks").focus()
        bridge, engine, session = self.orion.bridge, self.engine, self.session_id
        if session not in bridge.state.watched:
            bridge.expect(session)
            ask(self, lambda: (engine.sessions.get(session), engine.sessions.events(session)), self._loaded)
        # A second that passes changes elapsed times without any event.
        self.set_interval(1.0, self._look)
        self.set_interval(LIVE_EVERY_S, self._look_live)

    def on_unmount(self) -> None:
        self.orion.bridge.unwatch(self.session_id)

    def _loaded(self, answer: tuple[Session, tuple[Event, ...]]) -> None:
        self.orion.bridge.watch(*answer)
        self.redraw()

    @property
    def shows(self) -> str:
        return self.session_id

    @property
    def watched(self) -> Watched | None:
        """The session as the bridge has it; None while it loads."""
        return self.orion.bridge.state.watched.get(self.session_id)

    def _title_of(self, task: str) -> str:
        view = self.watched.session.tasks.get(task) if self.watched else None
        return view.task.title if view else task

    # -- drawing

    def refresh_from(self, state: AppState) -> None:
        watched = self.watched
        if watched is None:
            return
        fresh = watched.events[self._told :]
        self._told = len(watched.events)
        if fresh:
            self._doing = doing_now(self._doing, fresh)
            log = self.query_one(ActivityLog)
            log.naming = watched.session.limits.parallel > 1
            log.extend(fresh)
        self._look()

    def _look(self) -> None:
        """Everything but the log: it is small, so it is made anew."""
        watched = self.watched
        if watched is None or not self.in_view:
            return
        session, now = watched.session, self.orion.now()
        if session.state is not SessionState.RUNNING:
            self._ordered = ""
        self.query_one("#tasks", RowList).show(self._rows)
        self.query_one(Meters).show(session, now)
        width = max(self.size.width - 2, 10)
        self.query_one("#now", Static).update(styled(self._now_line(session, width)))
        self.update_chrome()

    def _look_live(self) -> None:
        """What the model writes is no event: it is looked at while one is asked, whichever process asks it."""
        task = writing_task(self.watched.session, self._doing) if self.watched and self.in_view else None
        if task is None:
            self._live = ""
            return
        engine, session = self.engine, self.session_id
        ask(self, lambda: engine.sessions.live_text(session, task), self._wrote, group="live", exclusive=True)

    def _wrote(self, text: str) -> None:
        if text != self._live:
            self._live = text
            self._look()

    def _rows(self, width: int) -> list[Row]:
        watched = self.watched
        return list(task_rows(watched.session, self.orion.now(), width)) if watched else []

    def _now_line(self, session: Session, width: int) -> Parts:
        if session.state is not SessionState.RUNNING:
            return ((_shown(next_step(session), width), "accent" if session.can_go_on else "title"),)
        if self._ordered:
            return ((cell(self._ordered, width), "accent"),)
        live = self._live if writing_task(session, self._doing) is not None else ""
        return now_parts(session, self._doing, self.orion.now(), width, live)

    def header_left(self) -> Parts:
        session = self.watched.session if self.watched else None
        if session is None:
            return (("loading the session…", "muted"),)
        sign, tone = session_sign(session.state)
        parts: list[Part] = [(visible(session.goal), "title"), (f"  {sign}", tone)]
        if session.state is SessionState.RUNNING:
            parts.append((f" {span(session.worked_s(self.orion.now()))}", tone))
        if session.waiting:
            parts.append((f"  ◐ {len(session.waiting)} for you", "accent"))
        return tuple(parts)

    def header_right(self) -> Parts:
        session = self.watched.session if self.watched else None
        if session is None:
            return ()
        blocked = session.counts()["blocked"]
        return (
            (f"  {visible(session.role)}", "muted"),
            (f"  AEGIS ⊘ {blocked} blocked" if blocked else "  AEGIS ✓", "bad" if blocked else "muted"),
            (f"  {session.sandbox or 'sandbox'} · net off", "muted"),
        )

    def _show_follow(self) -> None:
        log = self.query_one(ActivityLog)
        log.border_subtitle = "follows the newest" if log.following else "holds still: f follows"

    def on_activity_log_follow_changed(self) -> None:
        self._show_follow()

    # -- keys

    def facts(self) -> frozenset[str]:
        facts = set(super().facts())
        session = self.watched.session if self.watched else None
        if session is None:
            return frozenset(facts)
        if session.state is SessionState.RUNNING:
            facts.add("running")
        if any(view.task.steps is None and not view.state.ended for view in session.tasks.values()):
            facts.add("steerable")
        if session.can_go_on:
            facts.add("resumable")
        if session.state in _UNFINISHED:
            facts.add("unfinished")
        if session.waiting:
            facts.add("decision")
        if session.counts()["kept"]:
            facts.add("reviewable")
        if changed_nothing(session):
            facts.add("nothing_left")
        if session.state in _LIMITED:
            facts.add("limited")
        if session.state in _RESUMABLE:
            facts.add("editable")
        if session.state in _STILL and session.checkpoints and all(done.undone_by for done in session.promotions):
            facts.add("can_roll_back")
        if self.query_one("#tasks", RowList).chosen:
            facts.add("task")
        return frozenset(facts)

    def _order(self, work: Callable[[], None], done: str, *, lasting: bool = False) -> None:
        """Tell the engine to do something to the session, and the person that it was told; what a runner does only
        after a while is `lasting` and stays in view until then."""

        def told(_none: None) -> None:
            self.orion.say(done)
            if lasting:
                self._ordered = done
                self._look()

        ask(self, work, told)

    def do_pause(self) -> None:
        engine, session = self.engine, self.session_id
        self._order(lambda: engine.sessions.pause(session), "Pausing after the present action.", lasting=True)

    def do_resume(self) -> None:
        engine, session, state = self.engine, self.session_id, self.watched and self.watched.session.state
        if state is SessionState.CREATED:
            self._order(lambda: engine.sessions.start(session, detach=True), "Started.")
        else:
            self._order(lambda: engine.sessions.resume(session, detach=True), "Going on from the last kept task.")

    def do_cancel(self) -> None:
        from orion_tui.modals.choice import Choice, ChoiceModal

        choices = (
            Choice("keep", "Let it go on", "nothing changes"),
            Choice("cancel", "Cancel the session", "the present task is thrown away; kept tasks can still be reviewed"),
        )
        self.app.push_screen(ChoiceModal("Cancel this session?", choices), self._cancel_answered)

    def _cancel_answered(self, answer: str | None) -> None:
        if answer == "cancel":
            engine, session = self.engine, self.session_id
            self._order(
                lambda: engine.sessions.cancel(session), "Cancelling: back to the last checkpoint.", lasting=True
            )

    def do_limits(self) -> None:
        from orion_tui.modals.limits import LimitsModal

        if self.watched is None:
            return
        session = self.watched.session
        spent = f"{span(session.worked_s(self.orion.now()))} of work, {money(session.cost_usd)}"
        used = f"Used so far: {spent}, {session.tokens:,} tokens, {count(session.calls, 'call')} of a model."
        engine = self.engine

        def ask_for(room: MemoryRoom) -> None:
            self.app.push_screen(LimitsModal(session.limits, used, room), self._set_limits)

        ask(self, engine.doctor.memory, ask_for)

    def _set_limits(self, limits: Limits | None) -> None:
        if limits is not None:
            engine, session = self.engine, self.session_id
            done = "The session has these limits from its next action on."
            self._order(lambda: engine.sessions.set_limits(session, limits), done)

    def do_complete(self) -> None:
        engine, session = self.engine, self.session_id
        self._order(lambda: engine.review.complete(session), "The session is completed: there was nothing to promote.")

    def do_steer(self) -> None:
        from orion_tui.modals.reason import MESSAGE, ReasonModal

        about = "It stands before the model at its next turn, and is kept in the session's log."
        self.app.push_screen(ReasonModal("Tell whoever works on it", about, yes="send", wants=MESSAGE), self._steer)

    def _steer(self, text: str | None) -> None:
        if text is not None:
            engine, session = self.engine, self.session_id
            ask(self, lambda: engine.sessions.steer(session, text), self.orion.say)

    def do_edit_plan(self) -> None:
        if self.watched is None:
            return
        if left_of(self.watched.session):
            self.orion.go("plan", session=self.watched.session)
        else:
            self.orion.say("edit plan: every task has begun or ended already")

    def do_roll_back(self) -> None:
        from orion_tui.modals.choice import Choice, ChoiceModal

        if self.watched is None:
            return
        # The latest stands first after the safe answer; going back to where it stands changes nothing.
        points = self.watched.session.checkpoints[::-1]
        choices = [Choice("stay", "Stay where it is", "nothing changes")]
        for point in points:
            meaning = f"{clock(point.at)}  {point.commit[:10]}  {point.why}"
            title = self._title_of(point.task) if point.task else "between two tasks"
            choices.append(Choice(str(point.number), f"{point.number}  {title}", meaning))
        question = "Go back to which checkpoint? What was kept after it is done again."
        self.app.push_screen(ChoiceModal(question, choices), self._roll_back_to)

    def _roll_back_to(self, answer: str | None) -> None:
        if answer and answer != "stay":
            engine, session = self.engine, self.session_id
            done = f"Back at checkpoint {answer}; p goes on from there."
            self._order(lambda: engine.sessions.rollback(session, int(answer)), done)

    def do_story(self) -> None:
        self.orion.go("story", session=self.session_id, task=self.query_one("#tasks", RowList).chosen)

    def do_approvals(self) -> None:
        self.orion.go("approvals", session=self.session_id)

    def do_review(self) -> None:
        self.orion.go("review", session=self.session_id)

    def do_follow(self) -> None:
        log = self.query_one(ActivityLog)
        log.follow(not log.following)

    def do_side(self) -> None:
        tasks, log = self.query_one("#tasks"), self.query_one(ActivityLog)
        tasks.display = not tasks.display
        (tasks if tasks.display else log).focus()

    def do_pane(self) -> None:
        self.focus_next()


def next_step(session: Session) -> str:
    """What became of a session, and what a person does next."""
    sign, _ = session_sign(session.state)
    became = f"{sign}: {reason_words(session.reason)}" if session.reason else sign
    if session.reason.startswith(sign[2:]):
        # "paused by the user" says the state already.
        became = sign[:2] + session.reason
    kept, limited = session.counts()["kept"], session.reason in LIMIT_REASONS
    todo = {
        SessionState.CREATED: "p starts it",
        SessionState.PAUSED: "L raises the limit, then p goes on" if limited else "p goes on, C gives it up",
        SessionState.INTERRUPTED: "p goes on, nothing kept is lost",
        SessionState.AWAITING_REVIEW: _to_review(session),
        SessionState.FAILED: "d reviews what was kept" if kept else "enter on a task shows why",
        SessionState.CANCELLED: "d reviews what was kept" if kept else "q goes back",
        SessionState.COMPLETED: "q goes back",
        SessionState.PROMOTED: "d shows it and can undo it",
        SessionState.REJECTED: "q goes back",
    }.get(session.state, "")
    if session.state in (SessionState.AWAITING_REVIEW, SessionState.FAILED) and session.can_go_on:
        todo = f"p goes on with what is ready, then {todo}"
    if session.waiting:
        todo = f"a decides what waits, then {todo}"
    return f"{became}.  Next: {todo}"


def changed_nothing(session: Session) -> bool:
    """Whether its review, with nothing in it, is all that it waits for."""
    kept = (view for view in session.tasks.values() if view.state is TaskState.KEPT)
    return session.only_review_left and not any(view.files for view in kept)


def _to_review(session: Session) -> str:
    if changed_nothing(session):
        return "nothing was changed, D says that the review is done"
    return f"d reviews {count(session.counts()['kept'], 'kept task')}"


def _shown(text: str, width: int) -> str:
    """At most two lines' worth of a sentence."""
    return cell(text, width * 2).rstrip()
