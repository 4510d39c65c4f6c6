"""Feedback is read from the journal, reaches the next plan and the gates, and can be forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.storage.feedback import JournalFeedback
from engine.storage.journal import SqliteJournal
from engine.vocabulary.events import EventKind, Fact
from engine.vocabulary.plans import Plan, Task, plan_to_json
from engine.vocabulary.requests import SessionRequest
from tests.support.recordings import events_of, plan, record, task, worked, writes
from tests.support.sessions import PIN, states

pytestmark = [pytest.mark.mock_llm]


class SteppingClock:
    """A minute passes with every look."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(minutes=1)
        return self._now

    def monotonic(self) -> float:
        return 0.0


class Past:
    """A journal in which sessions end as a test says."""

    def __init__(self, folder: Path) -> None:
        clock = SteppingClock()
        self.journal = SqliteJournal(folder / "journal.db", folder, clock)
        self.feedback = JournalFeedback(folder / "feedback.db", self.journal, clock)
        self._number = 0

    def session(self, *tasks: Task, role: str = "engineer", source: str = "model told") -> str:
        self._number += 1
        session = f"s{self._number:03d}"
        created = {"goal": "The goal", "role": role, "role_digest": "", "workspace": "/w", "base_commit": "c"}
        made = plan_to_json(Plan("The goal", tasks, source))
        facts = [Fact(EventKind.SESSION_CREATED, {**created, "branch": "main", "model": "told"})]
        facts.append(Fact(EventKind.PLAN_MADE, {"plan": made, "verdicts": {}}))
        for entry in tasks:
            about = {"task": entry.id, "confidence": 0.9}
            files = [{"path": f"{entry.id}.py", "status": "added"}]
            facts.append(Fact(EventKind.TASK_STARTED, {**about, "title": entry.title, "base": "c", "attempt": 1}))
            facts.append(Fact(EventKind.TURN, {"task": entry.id, "turn": 1, "text": "", "cost_usd": 0.02}))
            facts.append(Fact(EventKind.EFFECTS, {"task": entry.id, "tree": "t", "files": files}))
        self.say(session, *facts)
        # In a transaction of its own: the clock goes on between start and end.
        self.say(
            session, *(Fact(EventKind.TASK_ENDED, {"task": t.id, "state": "kept", "confidence": 0.9}) for t in tasks)
        )
        return session

    def say(self, session: str, *facts: Fact) -> None:
        self.journal.append(session, facts)

    def promoted(self, session: str, *paths: str) -> None:
        tags = {"pre_tag": "a", "post_tag": "b", "branch": "main", "commit": "d"}
        self.say(session, Fact(EventKind.PROMOTED, {"attempt": 1, "paths": list(paths), "files": len(paths), **tags}))

    def verdicts(self, role: str = "engineer") -> list[str]:
        return [sample.verdict.value for sample in self.feedback.history(role).samples]

    def close(self) -> None:
        self.feedback.close()
        self.journal.close()


@pytest.fixture
def past(tmp_path: Path):  # type: ignore[no-untyped-def]
    opened = Past(tmp_path)
    yield opened
    opened.close()


def test_what_was_promoted_was_let_in_and_what_was_rejected_was_not(past: Past) -> None:
    session = past.session(Task("a", "A", estimate_s=(20.0, 40.0)), Task("b", "B"), Task("c", "C"))
    assert past.verdicts() == ["none", "none", "none"]
    past.promoted(session, "a.py")
    past.say(session, Fact(EventKind.REJECTED, {"task": "b", "reason": "not like this"}))
    assert past.verdicts() == ["approved", "rejected", "none"]
    first = past.feedback.history("engineer").samples[0]
    assert (first.raw_s, first.duration_s, first.cost_usd) == (30.0, 60.0, 0.02)
    assert [r.reason for r in past.feedback.history("engineer").rejections] == ["not like this"]


def test_an_undone_promotion_is_no_verdict(past: Past) -> None:
    session = past.session(Task("a", "A"))
    past.promoted(session, "a.py")
    past.say(session, Fact(EventKind.PROMOTION_UNDONE, {"attempt": 1, "commit": "e", "branch": "main"}))
    assert past.verdicts() == ["none"]


def test_a_rejected_session_turns_all_its_kept_work_down_and_says_why_once(past: Past) -> None:
    session = past.session(Task("a", "A"), Task("b", "B"))
    past.say(session, Fact(EventKind.REJECTED, {"task": "", "reason": "the wrong problem"}))
    assert past.verdicts() == ["rejected", "rejected"]
    (rejection,) = past.feedback.history("engineer").rejections
    assert (rejection.title, rejection.reason) == ("The goal", "the wrong problem")


def test_only_the_last_five_rejections_are_remembered_newest_first(past: Past) -> None:
    for number in range(7):
        session = past.session(Task(f"t{number}", f"T{number}"))
        past.say(session, Fact(EventKind.REJECTED, {"task": f"t{number}", "reason": f"reason {number}"}))
    reasons = [rejection.reason for rejection in past.feedback.history("engineer").rejections]
    assert reasons == [f"reason {number}" for number in (6, 5, 4, 3, 2)]


def test_roles_do_not_learn_from_each_other(past: Past) -> None:
    past.promoted(past.session(Task("a", "A"), role="writer"), "a.py")
    assert past.verdicts("engineer") == []
    assert past.verdicts("writer") == ["approved"]


def test_a_plan_from_a_file_says_nothing_about_a_models_estimates(past: Past) -> None:
    past.session(Task("a", "A", estimate_s=(20.0, 40.0)), source="file")
    assert past.feedback.history("engineer").samples[0].raw_s is None


def test_a_reset_forgets_and_what_ended_before_does_not_come_back(past: Past) -> None:
    session = past.session(Task("a", "A"))
    other = past.session(Task("a", "A"), role="writer")
    assert past.verdicts() == ["none"]
    assert past.feedback.reset("engineer") == 1
    past.promoted(session, "a.py")
    past.promoted(other, "a.py")
    assert past.verdicts() == []
    assert past.verdicts("writer") == ["approved"]
    assert past.feedback.reset() == 1
    assert past.verdicts("writer") == []
    past.session(Task("b", "B"))
    assert past.verdicts() == ["none"]


@pytest.mark.sandbox
@pytest.mark.e2e
def test_rejections_reach_the_next_plan_and_lower_what_the_gate_goes_by(
    engine: Engine, home: Path, repository: Path
) -> None:
    record(home, plan(task("new", confidence=0.95)), *writes("new"))
    for number in range(2):
        session = worked(engine, repository)
        assert states(session) == {"new": "kept"}
        assert session.tasks["new"].flagged is (number == 1), "one rejection is enough for a flag"
        engine.review.reject(session.id, f"no such helper, said {number + 1} times")
    request = SessionRequest(workspace=repository, goal="Mend adding")
    proposal = engine.sessions.propose(request)
    outlook = proposal.outlooks["new"]
    assert outlook.confidence.value == pytest.approx(0.95 * 0.6)
    assert proposal.verdicts["new"].rule == "confidence.ask"
    (record_of_role,) = engine.feedback.records()
    assert [r.reason for r in record_of_role.rejections] == [
        "no such helper, said 2 times",
        "no such helper, said 1 times",
    ]
    third = worked(engine, repository)
    assert states(third) == {"new": "parked"}, "the history lowered what the gate goes by"
    assert engine.feedback.reset("software-engineer") > 0
    assert engine.sessions.propose(request).verdicts["new"].rule.startswith("autonomous")


@pytest.mark.sandbox
@pytest.mark.e2e
def test_a_promotion_counts_as_let_in_and_the_end_of_a_task_says_how_its_number_came_about(
    engine: Engine, home: Path, repository: Path
) -> None:
    record(home, plan(task("new")), *writes("new"))
    engine.auth.set_pin(PIN)
    session = worked(engine, repository)
    (ended,) = events_of(engine, session.id, EventKind.TASK_ENDED)
    assert ended["calibration"]["claimed"] == 0.95
    assert [factor["reason"] for factor in ended["calibration"]["factors"]] == ["no check verifies it"]
    assert session.tasks["new"].calibration is not None
    assert engine.review.promote(session.id, secret=PIN).promoted
    (role,) = engine.feedback.records()
    (kind,) = role.kinds
    assert (kind.reviewed, kind.approved, kind.rate) == (1, 1, 1.0)
