"""What was settled of a session already: let in and under which findings, taken back, turned down, decided, cut short
by a kill and put in order; and the notes that wait to be sent. Pure: the review draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.sessions import SessionState
from engine.vocabulary.text import visible
from engine.vocabulary.verdicts import ApprovalState
from orion_tui.widgets.columns import count, exact
from orion_tui.widgets.marked_list import Entry
from orion_tui.widgets.prose import HANG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.vocabulary.changes import ReviewNote
    from engine.vocabulary.sessions import PromotionRecord, Session
    from orion_tui.widgets.signs import Part

_DECIDED: dict[ApprovalState, Part] = {
    ApprovalState.APPROVED: ("✓ ", "good"),
    ApprovalState.DENIED: ("⊘ ", "muted"),
    ApprovalState.EXPIRED: ("⊘ ", "muted"),
    ApprovalState.VOID: ("⊘ ", "muted"),
}


def settled_entries(session: Session) -> list[Entry]:
    """The latest promotion first, then what was turned down and decided."""
    rows = [_promotion(record) for record in reversed(session.promotions)]
    rows += [
        Entry(f"cut:{number}", ("↺ ", "muted"), reason, (("promotion", "muted"),))
        for number, (_, reason) in enumerate(session.cut_short)
    ]
    if session.state is SessionState.REJECTED:
        rows.append(Entry("turned:", ("✗ ", "muted"), session.reason, (("session rejected", "muted"),)))
    rows += [
        Entry(f"turned:{view.task.id}", ("✗ ", "muted"), view.task.title, (("turned down", "muted"),))
        for view in session.tasks.values()
        if view.rejected
    ]
    rows += [
        Entry(f"decided:{asked.id}", _DECIDED[asked.state], asked.reason, ((asked.state.value, "muted"),))
        for asked in session.approvals.values()
        if asked.state in _DECIDED
    ]
    return rows


def settled_words(session: Session) -> str:
    """How much there is of it, for the line above the list; empty when there is nothing."""
    found = len(settled_entries(session))
    return f"{found} settled already" if found else ""


def note_entries(notes: Sequence[ReviewNote]) -> list[Entry]:
    """What a person said and has not sent yet."""
    return [
        Entry(f"note:{number}", ("✎ ", "accent"), note.text, ((_place(note), "muted"),))
        for number, note in enumerate(notes)
    ]


def note_detail(note: ReviewNote) -> list[Part]:
    """One note with its place, and what can be done with it."""
    parts: list[Part] = [(visible(note.text), "key"), (f"\n{visible(_place(note))}", "muted")]
    if note.quoted:
        parts.append((f"\nthe line reads: {visible(note.quoted)}", "muted"))
    if note.rejected:
        parts.append(("\nthe file is left out for that reason", "muted"))
    return [
        *parts,
        ("\ne", "key"),
        (" sends all notes as a task  ", "muted"),
        ("delete", "key"),
        (" drops it", "muted"),
    ]


def settled_detail(session: Session, kind: str, name: str) -> list[Part]:
    """Everything known about one row of these."""
    if kind == "promoted":
        record = next((each for each in session.promotions if str(each.attempt) == name), None)
        return [] if record is None else _promotion_detail(record)
    if kind == "cut":
        at, reason = session.cut_short[int(name)]
        return [(visible(reason), "key"), (f"\n{exact(at)}; your repository is as it was before", "muted")]
    if kind == "turned":
        view = session.tasks.get(name)
        if view is None:
            return [(visible(session.reason), "key"), ("\nits branch stays in Orion's own repository", "muted")]
        words = "\nkept for planning; its files stay on the session's branch"
        return [(visible(view.task.title), "key"), (f"\n{visible(view.rejected)}", ""), (words, "muted")]
    asked = session.approvals.get(name)
    if kind != "decided" or asked is None:
        return []
    parts: list[Part] = [(visible(asked.detail, keep="\n"), "key"), (f"\n{visible(asked.reason)}", "")]
    said = f": {visible(asked.decision_reason)}" if asked.decision_reason else ""
    return [*parts, (f"\n{asked.state.value} {exact(asked.decided_at)}{said}", "muted")]


def _place(note: ReviewNote) -> str:
    return note.path if note.line is None else f"{note.path}:{note.line}"


def _promotion(record: PromotionRecord) -> Entry:
    files = count(len(record.paths), "file")
    where = f"onto {record.branch}" if record.kind != "changes" else "into the work tree, uncommitted"
    if record.undone_by:
        return Entry(f"promoted:{record.attempt}", ("↺ ", "muted"), f"{files} {where}", (("taken back", "muted"),))
    return Entry(f"promoted:{record.attempt}", ("✓ ", "good"), f"{files} {where}", ((record.commit[:8], "muted"),))


def _promotion_detail(record: PromotionRecord) -> list[Part]:
    parts: list[Part] = [(f"{count(len(record.paths), 'file')} onto {visible(record.branch)}", "key")]
    if record.commit and record.kind != "changes":
        parts.append((f"\ncommit {record.commit[:12]}, {exact(record.at)}", "muted"))
        parts.append((f"\nbetween {record.pre_tag} and {record.post_tag}", "muted"))
    else:
        parts.append((f"\nuncommitted, {exact(record.at)}", "muted"))
    parts += [(f"\n✓ {HANG}accepted: {visible(finding)}", "muted") for finding in record.accepted]
    if record.undone_by:
        parts.append((f"\n↺ {HANG}taken back by {record.undone_by[:12]}; its files can be let in again", "muted"))
    else:
        parts += [("\nU", "key"), (" takes this one back, whatever came after it", "muted")]
    names = ", ".join(visible(path) for path in record.paths[:8])
    more = f" and {len(record.paths) - 8} more" if len(record.paths) > 8 else ""
    return [*parts, (f"\n{HANG}{names}{more}", "muted")]
