"""What a person's review does to a session's state: promotions, their undoing, rejection. Used by `fold.py` only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.vocabulary.changes import ReviewNote
from engine.vocabulary.sessions import Evidence, PromotionRecord, Session, SessionState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.vocabulary.events import Event


def promoting(session: Session, event: Event) -> Session:
    return replace(session, promoting=dict(event.data))


def promoted(session: Session, event: Event) -> Session:
    data = event.data
    record = PromotionRecord(
        data["attempt"],
        data["commit"],
        data["branch"],
        data["pre_tag"],
        data["post_tag"],
        tuple(data["paths"]),
        event.at,
        data.get("source", ""),
        base=data.get("base", ""),
        chosen=data.get("chosen", ""),
        old=data.get("old", ""),
        kind=data.get("as", "commit"),
        accepted=tuple(_accepted(each) for each in data.get("accepted_findings", ())),
    )
    return replace(
        session,
        state=SessionState.PROMOTED,
        promoting=None,
        promotions=(*session.promotions, record),
        reason="",
    )


def _accepted(finding: Mapping[str, Any]) -> str:
    line = f":{finding['line']}" if finding["line"] else ""
    place = f" in {finding['path']}{line}" if finding["path"] else ""
    return f"{finding['kind'].replace('_', ' ')}{place}: {finding['message']}"


def promotion_failed(session: Session, event: Event) -> Session:
    return replace(session, promoting=None, cut_short=(*session.cut_short, (event.at, event.data.get("reason", ""))))


def promotion_undone(session: Session, event: Event) -> Session:
    data = event.data
    records = tuple(
        replace(record, undone_by=data["commit"]) if record.attempt == data["attempt"] else record
        for record in session.promotions
    )
    left = any(not record.undone_by for record in records)
    state = SessionState.PROMOTED if left else SessionState.AWAITING_REVIEW
    return replace(session, promoting=None, promotions=records, state=state, reason="promotion undone")


def selection_checked(session: Session, event: Event) -> Session:
    tree = event.data["tree"]
    found = tuple(
        Evidence(
            each["run"],
            each["passed"],
            each.get("exit"),
            each.get("duration_s", 0.0),
            each.get("output", ""),
            each.get("excerpt", ""),
            tree,
        )
        for each in event.data["evidence"]
    )
    return replace(session, checked={**session.checked, tree: found})


def review_noted(session: Session, event: Event) -> Session:
    notes = list(session.notes)
    for gone in _notes(event.data.get("gone", ())):
        # Of two that are the same, one goes.
        if gone in notes:
            notes.remove(gone)
    return replace(session, notes=(*notes, *_notes(event.data.get("added", ()))))


def _notes(rows: Iterable[Mapping[str, Any]]) -> tuple[ReviewNote, ...]:
    return tuple(
        ReviewNote(row["path"], row["text"], row.get("line"), row.get("quoted", ""), row.get("rejected", False))
        for row in rows
    )


def completed(session: Session, event: Event) -> Session:
    return replace(session, state=SessionState.COMPLETED, reason="reviewed, nothing to promote", ended_at=event.at)


def rejected(session: Session, event: Event) -> Session:
    if event.data.get("task"):
        view = session.tasks.get(event.data["task"])
        if view is None:
            return session
        turned_down = replace(view, rejected=event.data.get("reason", ""))
        return replace(session, tasks={**session.tasks, view.task.id: turned_down})
    return replace(session, state=SessionState.REJECTED, reason=event.data.get("reason", ""), ended_at=event.at)
