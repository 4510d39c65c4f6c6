"""The main job without a screen: what a person would do in the app, through the same facade, and said aloud."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.vocabulary.changes import Severity
from engine.vocabulary.plans import TaskState
from engine.vocabulary.requests import Review, SessionRequest
from engine.vocabulary.sessions import Session, SessionState
from engine.vocabulary.text import counted, lines_of
from orion_tui.cli.exits import Exit
from orion_tui.cli.follow import follow_to_end, show
from orion_tui.cli.out import note, say
from orion_tui.cli.promotion import tell_step
from orion_tui.cli.proposed import proposed
from orion_tui.cli.review import show_findings, show_review
from orion_tui.cli.work import show_proposal
from orion_tui.demo.stage import GOAL, Stage, git

if TYPE_CHECKING:
    from engine.engine import Engine

HONEST = (
    "The model's replies are a recording written by hand. Everything else happens for real: the plan's gate, the "
    "sandbox, the tests, the checks, the commits and the promotion."
)


def introduce(stage: Stage) -> str:
    """What a person should know before it starts."""
    return "\n".join(
        (
            "Orion on a sample repository, offline.",
            HONEST,
            f"  repository  {stage.workspace}",
            f"  ORION_HOME  {stage.home}",
            f"  PIN         {stage.pin}  (of this sample only; promoting asks for it)",
            "",
        )
    )


def look_around(stage: Stage) -> str:
    """What a person can do afterwards."""
    home, workspace, folder = (shlex.quote(str(path)) for path in (stage.home, stage.workspace, stage.folder))
    orion = f"ORION_HOME={home} {shlex.quote(_program())}"
    return "\n".join(
        (
            "",
            "Look around:",
            f"  git -C {workspace} log -p",
            f"  {orion} --workspace {workspace}",
            f"  {orion} log --workspace {workspace}",
            f"  {orion} undo-promote ID   (takes the commit back with a revert)",
            f"  rm -r {folder}   (removes all of it)",
        )
    )


def _program() -> str:
    """`orion` as the person's shell finds it: by its name when that is this one, else by its path."""
    beside = Path(sys.executable).with_name("orion")
    return "orion" if not beside.exists() or shutil.which("orion") == str(beside) else str(beside)


def prepare(engine: Engine, stage: Stage) -> str:
    """Set the PIN, plan the goal, store the session; its id. Nothing is started yet."""
    engine.auth.set_pin(stage.pin)
    proposal = engine.sessions.propose(SessionRequest(workspace=stage.workspace, goal=GOAL))
    return engine.sessions.create(proposal)


class Driver:
    """Plays the person. With `as_json` standard output carries the session's events and nothing else."""

    def __init__(self, engine: Engine, stage: Stage, *, as_json: bool) -> None:
        self._engine = engine
        self._stage = stage
        self._as_json = as_json
        self._session = ""
        self._seen = 0

    def run(self) -> int:
        """The whole path, from the goal to the promoted commit; the exit code."""
        self._tell(introduce(self._stage))
        self._engine.auth.set_pin(self._stage.pin)
        proposal = self._engine.sessions.propose(SessionRequest(workspace=self._stage.workspace, goal=GOAL))
        if not self._as_json:
            show_proposal(proposal)
        self._session = self._engine.sessions.create(proposal)
        self._engine.sessions.start(self._session)
        code = self._follow()
        while code is Exit.WAITING:
            self._decide()
            self._engine.sessions.resume(self._session)
            code = self._follow()
        session = self._engine.sessions.get(self._session)
        if session.state is not SessionState.AWAITING_REVIEW:
            self._tell(f"The session ended as {session.state.value}: {session.reason}")
            return code if code is not Exit.DONE else Exit.FAILED
        self._tell_thrown_out(session)
        code = self._promote()
        self._tell(look_around(self._stage))
        return code

    def _follow(self) -> Exit:
        code = follow_to_end(self._engine, self._session, after=self._seen, as_json=self._as_json)
        self._seen = self._engine.sessions.get(self._session).seq
        return code

    def _decide(self) -> None:
        """Approve what waits, as a person would after reading it."""
        self._tell("\nWhat waits for a person:")
        for approval in self._engine.approvals.list(self._session):
            what = approval.action.value if approval.action else approval.kind.value
            self._tell(f"  {what}: {approval.reason}")
            for line in lines_of(approval.detail):
                self._tell(f"    {line}")
            for line in proposed(self._engine, approval):
                self._tell(f"      {line}")
            answer = self._engine.approvals.approve(
                approval.id, secret=self._stage.pin if approval.needs_auth else None
            )
            self._tell(f"  In your place, this demonstration approves it: {answer}\n")

    def _tell_thrown_out(self, session: Session) -> None:
        for view in session.tasks.values():
            if view.state is TaskState.BLOCKED:
                self._tell(f"\nAEGIS threw out the task {view.task.id!r} with everything it did: {view.reason}")
                self._tell(f"  its claim was: {view.claimed or 'none'}; the rule: {view.rule}")

    def _promote(self) -> Exit:
        review = self._engine.review.report(self._session)
        if not self._as_json:
            say()
            show_review(review)
        accept = self._accepted(review)
        self._tell(f"\nPromoting with the PIN {self._stage.pin}:")
        answer = self._engine.review.promote(
            self._session, secret=self._stage.pin, accept=accept, progress=None if self._as_json else tell_step
        )
        for event in self._engine.sessions.events(self._session, self._seen):
            if self._as_json:
                show(event, as_json=True)
        for text in (*answer.reasons, *answer.notices):
            self._tell(f"  {text}")
        if not answer.promoted:
            if not self._as_json:
                show_findings(answer.findings, answer.conflicts)
            return Exit.BLOCKED
        self._tell(f"\nPromoted: {counted(answer.files, 'file')} as one commit on {answer.branch}\n")
        self._tell(git(self._stage.workspace, "show", "--stat", "--format=fuller", answer.commit).rstrip())
        return Exit.DONE

    def _accepted(self, review: Review) -> tuple[str, ...]:
        """Findings that need a person's word and that this sample is known to bring."""
        found = [f for f in review.findings if f.severity is Severity.BLOCKING and f.acceptable and not f.accepted]
        for finding in found:
            self._tell(f"  In your place, this demonstration accepts {finding.id}: {finding.path}: {finding.message}")
        return tuple(finding.id for finding in found)

    def _tell(self, text: str) -> None:
        if self._as_json:
            note(text)
        else:
            say(text)
