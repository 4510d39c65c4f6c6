"""Home: what waits for me first, then what runs and what ran."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Static

from engine.vocabulary.sessions import LIMIT_REASONS, SessionState, SessionSummary
from engine.vocabulary.text import first_line
from orion_tui.actions import bindings_for
from orion_tui.acts.needs import NEEDS
from orion_tui.bridge import ask
from orion_tui.reasons import reason_words
from orion_tui.screens.base import OrionScreen
from orion_tui.widgets.columns import ago, cell, count, exact, money, span
from orion_tui.widgets.header import styled
from orion_tui.widgets.rows import Row, RowList
from orion_tui.widgets.signs import Part, Parts, session_sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from engine.vocabulary.absence import Absence
    from engine.vocabulary.verdicts import Approval
    from orion_tui.acts.act import Act
    from orion_tui.bridge import AppState

_STOPPED = (SessionState.INTERRUPTED, SessionState.PAUSED)

_EMPTY: Parts = (
    ("Nothing has run yet.\n\n", "title"),
    ("Press ", ""),
    ("n", "key"),
    (" to give Orion a goal in this repository. Without a model, choose a playbook: it works offline.\n", ""),
    ("Nothing reaches your repository before you promote it.\n\n", ""),
    ("To see the whole path first, leave and run ", ""),
    ("orion demo", "key"),
    (".\n", ""),
    ("f2", "key"),
    (" goes through the first steps: machine, role, PIN.", ""),
)


def _waits_to_go_on(summary: SessionSummary) -> bool:
    """Nobody works on the session, and it could go on: it stopped, never began, or a task of it was approved."""
    return summary.state in (*_STOPPED, SessionState.CREATED) or _has_approved(summary)


def _is_reviewable(summary: SessionSummary) -> bool:
    return bool(summary.tasks.get("kept", 0))


def _has_approved(summary: SessionSummary) -> bool:
    return summary.state is SessionState.AWAITING_REVIEW and summary.tasks.get("ready", 0) > 0


class HomeScreen(OrionScreen):
    """Two lists in one: NEEDS YOU and SESSIONS, with the exact facts of the chosen row below."""

    NAME = "home"
    BINDINGS = bindings_for("home")

    def compose_body(self) -> ComposeResult:
        yield Static("Opening the journal…", id="empty", classes="empty", markup=False)
        rows = RowList(id="rows")
        rows.display = False
        yield rows
        detail = Static(id="detail", markup=False)
        detail.display = False
        yield detail

    @property
    def _rows(self) -> RowList:
        return self.query_one("#rows", RowList)

    def refresh_from(self, state: AppState) -> None:
        if not state.ready:
            return
        empty = not state.sessions and not state.approvals
        notice = self.query_one("#empty", Static)
        notice.display = empty
        self._rows.display = not empty
        self.query_one("#detail").display = not empty
        if empty:
            notice.update(styled(_EMPTY))
            return
        if self.focused is None:
            self._rows.focus()
        self._rows.show(self._build)
        self._show_detail()
        self._rest()

    # -- rows

    def _build(self, width: int) -> Sequence[Row]:
        state = self.orion.bridge.state
        goals = {summary.id: summary for summary in state.sessions}
        rows = [Row("", _away(self.orion.absence, width))] if self.orion.absence else []
        rows += [Row("", self._tally(state)), Row("", ())]
        needs = [self._approval_row(approval, goals.get(approval.session), width) for approval in state.approvals]
        needs += [self._ready_row(s, width) for s in state.sessions if _has_approved(s)]
        needs += [self._review_row(s, width) for s in state.sessions if s.state is SessionState.AWAITING_REVIEW]
        needs += [self._stopped_row(s, width) for s in state.sessions if s.state in _STOPPED]
        rows.append(Row("", ((" NEEDS YOU", "title"),)))
        rows += needs or [Row("", (("   nothing: Orion goes on by itself", "muted"),))]
        rows += [Row("", ()), Row("", _heading(width))]
        rows += [Row(f"session:{summary.id}", _session_parts(summary, width)) for summary in state.sessions]
        return rows

    def _tally(self, state: AppState) -> Parts:
        """Of the time when nobody was here, when there was one; otherwise of all sessions."""
        absence = self.orion.absence
        if absence:
            kept, failed, blocked = absence.kept, absence.failed, absence.blocked
        else:
            kept, failed, blocked = (
                sum(summary.tasks.get(name, 0) for summary in state.sessions) for name in ("kept", "failed", "blocked")
            )
        waiting = len(state.approvals)
        return (
            (f" ◐ {count(waiting, 'decision')} to make", "accent" if waiting else "muted"),
            (f"   ✓ {kept} kept", "" if kept else "muted"),
            (f"   ✗ {failed} failed", "bad" if failed else "muted"),
            (f"   ⊘ {blocked} blocked by AEGIS", "" if blocked else "muted"),
        )

    def _approval_row(self, approval: Approval, summary: SessionSummary | None, width: int) -> Row:
        action = approval.action.value if approval.action else approval.kind.value
        asked = ago(approval.asked_at, self.orion.now())
        goal = summary.goal if summary else approval.session
        title = self.orion.bridge.state.titles.get(approval.id) or first_line(approval.detail)
        parts = _need(("◐", "accent"), title, action, f"asked {asked}", goal, width)
        return Row(f"approval:{approval.id}", parts)

    def _review_row(self, summary: SessionSummary, width: int) -> Row:
        kept = summary.tasks.get("kept", 0)
        what = f"ready to review, {count(kept, 'task')} kept" if kept else "ended with nothing kept"
        size = f"+{summary.additions} -{summary.deletions}"
        ended = f"ended {ago(summary.ended_at, self.orion.now())}"
        return Row(f"review:{summary.id}", _need(("✓", "accent"), what, size, ended, summary.goal, width))

    def _ready_row(self, summary: SessionSummary, width: int) -> Row:
        what = f"{count(summary.tasks.get('ready', 0), 'approved task')}: p carries it out"
        ended = f"ended {ago(summary.ended_at, self.orion.now())}"
        return Row(f"ready:{summary.id}", _need(("◐", "accent"), what, "approved", ended, summary.goal, width))

    def _stopped_row(self, summary: SessionSummary, width: int) -> Row:
        sign, tone = session_sign(summary.state)
        ended = ago(summary.ended_at or summary.started_at, self.orion.now())
        todo = "enter, then L raises the limit" if summary.reason in LIMIT_REASONS else "p lets it go on"
        why = reason_words(summary.reason)
        parts = _need((sign[0], tone), f"{sign[2:]}: {todo}", why, ended, summary.goal, width)
        return Row(f"stopped:{summary.id}", parts)

    # -- the chosen row

    def _chosen(self) -> tuple[str, str]:
        kind, _, key = self._rows.chosen.partition(":")
        return kind, key

    def _chosen_approval(self) -> Approval | None:
        kind, key = self._chosen()
        return next((a for a in self.orion.bridge.state.approvals if kind == "approval" and a.id == key), None)

    def _chosen_session(self) -> SessionSummary | None:
        kind, key = self._chosen()
        approval = self._chosen_approval()
        wanted = approval.session if approval else key
        return next((s for s in self.orion.bridge.state.sessions if kind and s.id == wanted), None)

    def on_resize(self) -> None:
        if self.orion.bridge.state.ready:
            self.call_after_refresh(self._show_detail)
            self.call_after_refresh(self._rest)

    def on_row_list_chosen(self) -> None:
        self._show_detail()
        self._rest()
        self.update_footer()

    def _rest(self) -> None:
        """The review of the chosen session may be asked for next; one that runs would change under it all the time."""
        summary = self._chosen_session()
        stands = summary is not None and _is_reviewable(summary) and summary.state is not SessionState.RUNNING
        self.orion.ready_review.rest_on(summary.id if summary is not None and stands else "")

    def _show_detail(self) -> None:
        approval, summary = self._chosen_approval(), self._chosen_session()
        width = max(self.size.width - 2, 10)
        lines: list[str] = []
        if approval:
            lines = [f"asked {exact(approval.asked_at)}", f"{first_line(approval.detail)}: {approval.reason}"]
        elif summary:
            lines = [f"began {exact(summary.started_at)}" if summary.started_at else "not started yet"]
            if summary.ended_at:
                lines[0] += f", ended {exact(summary.ended_at)}"
            lines.append(f"why it stopped: {reason_words(summary.reason)}" if summary.reason else "")
        if summary:
            lines.insert(0, f"{summary.id}  {summary.role}  {summary.workspace}")
        text = "\n".join(cell(line, width).rstrip() for line in lines if line)
        self.query_one("#detail", Static).update(styled(((text, "muted"),)))

    # -- keys

    @property
    def _failed(self) -> bool:
        """Whether the engine could not be opened."""
        return self.query_one("#empty").has_class("-failed")

    def reason_off(self, act: Act) -> str:
        off = super().reason_off(act)
        return NEEDS["opened"] if off == NEEDS["engine"] and self._failed else off

    def header_right(self) -> Parts:
        state = self.orion.bridge.state
        if not state.ready:
            return (("✗ not opened", "bad"),) if self._failed else (("opening…", "muted"),)
        waiting = len(state.approvals)
        parts: list[Part] = [(count(len(state.sessions), "session"), "muted")]
        running = sum(summary.state is SessionState.RUNNING for summary in state.sessions)
        if running:
            parts.append((f"  ● {running} running", ""))
        if waiting:
            parts.append((f"  ◐ {waiting} for you", "accent"))
        return tuple(parts)

    def facts(self) -> frozenset[str]:
        facts = set(super().facts())
        summary = self._chosen_session()
        if self._rows.chosen:
            facts.add("row")
        if summary is not None:
            facts.add("session")
            if _is_reviewable(summary):
                facts.add("reviewable")
            if _waits_to_go_on(summary):
                facts.add("paused_row")
        if self.orion.bridge.state.approvals:
            facts.add("decision")
        return frozenset(facts)

    def do_new_goal(self) -> None:
        self.orion.go("new_goal")

    def do_roles(self) -> None:
        self.orion.go("roles")

    def do_settings(self) -> None:
        self.orion.go("settings")

    def do_audit(self) -> None:
        self.orion.go("audit")

    def do_setup(self) -> None:
        self.orion.go("setup")

    def do_open(self) -> None:
        kind, key = self._chosen()
        if kind == "approval":
            self.do_approve_here()
        elif kind == "review":
            self.orion.go("review", session=key)
        elif key:
            self.orion.go("monitor", session=key)

    def do_approve_here(self) -> None:
        approval = self._chosen_approval()
        self.orion.go("approvals", approval=approval.id if approval else "")

    def do_resume_row(self) -> None:
        summary = self._chosen_session()
        if summary is None:
            return
        sessions, session = self.engine.sessions, summary.id
        begin = sessions.start if summary.state is SessionState.CREATED else sessions.resume
        ask(self, lambda: begin(session, detach=True), lambda _: self.orion.say("It goes on in the background."))

    def do_diff(self) -> None:
        summary = self._chosen_session()
        if summary:
            self.orion.go("review", session=summary.id)

    def do_log(self) -> None:
        summary = self._chosen_session()
        if summary:
            self.orion.go("monitor", session=summary.id)


def _away(absence: Absence, width: int) -> Parts:
    """How long nobody was here, and what that cost."""
    spent = ""
    if absence.calls:
        limit = f" of {money(absence.limit_usd)}" if absence.limit_usd else ""
        spent = f"{money(absence.cost_usd)}{limit} · {count(absence.calls, 'call')}  "
    title = f" While you were away ({span(absence.away_s)})"
    room = max(width - len(spent), 0)
    return ((cell(title, room), "title"), (spent, "muted"))


def _need(sign: Part, what: str, kind: str, age: str, goal: str, width: int) -> Parts:
    """One line that waits for a person: what, of which kind, since when, for which goal."""
    room = width - 5
    age_width, kind_width = 16, 24
    if room < 44:
        return (("  ", ""), sign, (" " + cell(what, room), ""))
    if room < 84:
        return (("  ", ""), sign, (" " + cell(what, room - age_width - 1) + " ", ""), (cell(age, age_width), "muted"))
    first = (room - age_width - kind_width - 4) * 3 // 5
    return (
        ("  ", ""),
        sign,
        (" " + cell(what, first) + "  ", ""),
        (cell(kind, kind_width) + " " + cell(age, age_width) + " ", "muted"),
        (cell(goal, room - first - kind_width - age_width - 4), ""),
    )


def _heading(width: int) -> Parts:
    if width < 50:
        return ((" SESSIONS", "title"),)
    role = f"{'role':<20}" if width >= 100 else ""
    return (
        (cell(" SESSIONS", width - 37 - len(role)), "title"),
        (role + f"{'state':<19}{'tasks':>7}{'cost':>9}  ", "muted"),
    )


def _session_parts(summary: SessionSummary, width: int) -> Parts:
    state, tone = session_sign(summary.state)
    if width < 50:
        return ((f" {state[0]} ", tone), (cell(summary.goal, width - 4), ""))
    wide = width >= 100
    total = summary.tasks.get("total", 0)
    done = f"{summary.tasks.get('kept', 0)}/{total}"
    return (
        (cell(f"   {summary.goal}", width - 38 - (20 if wide else 0)) + " ", ""),
        (cell(summary.role, 19) + " " if wide else "", "muted"),
        (cell(state, 18) + " ", tone),
        (f"{done:>7}{money(summary.cost_usd):>9}  ", ""),
    )
