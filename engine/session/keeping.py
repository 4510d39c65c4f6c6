"""From "done" to kept: the change set is gated on its effects, verified, committed; or the whole task is dropped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.governance.gate import decide_changes
from engine.planning.calibration import ended, planned
from engine.session.bench import Overtaken
from engine.session.checks import verify
from engine.session.parking import Grants, ask_for_effects, effects_digest
from engine.session.tools import Finish
from engine.vocabulary.actions import Action, DeleteFile, EditFile, WriteFile
from engine.vocabulary.changes import ChangeSet, ChangeStatus, FileChange
from engine.vocabulary.errors import LimitExceeded
from engine.vocabulary.events import EventKind, Fact
from engine.vocabulary.outlook import Confidence, confidence_to_json
from engine.vocabulary.plans import TaskState
from engine.vocabulary.text import visible
from engine.vocabulary.verdicts import Decision, Layer, Verdict, approval_to_json, verdict_to_json

if TYPE_CHECKING:
    from engine.session.agents import Agent
    from engine.session.bench import Bench
    from engine.session.hands import Hands
    from engine.session.standing import Standing
    from engine.vocabulary.sessions import Suspension

SHOWN_FILES = 200


class Keeper:
    """Ends one task. `base` is the commit that the task's changes are measured against."""

    def __init__(self, bench: Bench, hands: Hands, standing: Standing, grants: Grants) -> None:
        self._bench = bench
        self._hands = hands
        self._standing = standing
        self._task = standing.task
        self._grants = grants
        self._granted_content: dict[str, bytes | None] = {}
        self._flagged = False
        self._sure: Confidence | None = None
        self.base = ""

    def note_granted(self, action: Action) -> None:
        """Remember what an approved file action left, so that exactly that content is not asked about again."""
        if isinstance(action, WriteFile | EditFile):
            self._granted_content[action.path] = self._bench.repository.read(action.path)
        elif isinstance(action, DeleteFile):
            self._granted_content[action.path] = None

    def finish(self, claim: Finish, agent: Agent) -> bool:
        """Gate, verify and keep what stands in the work tree. True when the task has ended or is parked; false when the
        agent was told what is wrong and may try again."""
        try:
            changes = self._bench.repository.snapshot(self.base)
        except LimitExceeded as error:
            self.drop(TaskState.BLOCKED, error.message, rule=f"limit.{error.kind}", claimed=claim)
            return True
        if not self._gated(changes, claim):
            return True
        failed = verify(self._bench, self._hands, self._task.id, changes.new, self._task.checks)
        if failed is None:
            self._keep_in_turn(changes, claim)
            return True
        check, seen = failed
        if agent.object("a check of the engine failed", f"{check.run}\n{seen.text}"):
            return False
        first = seen.text.splitlines()[0]
        self.drop(TaskState.FAILED, f"not verified: `{check.run}`: {first}", verified=False, claimed=claim)
        return True

    def keep_parked(self, suspension: Suspension) -> bool:
        """Merge approved effects onto the tip, gate and verify them again and keep them. False on a conflict: nothing
        was decided, and the task has to be done again."""
        self._bench.my_turn(self._standing.work)
        repository = self._bench.repository
        tip = self._bench.ledger.session.tip
        merged = repository.merge(suspension.base, tip, suspension.partial)
        if not merged.tree:
            paths = ", ".join(conflict.path for conflict in merged.conflicts[:5])
            self._record_notice(f"the approved changes conflict with what was kept meanwhile ({paths}); done again")
            return False
        if tip != suspension.base:
            self._record_notice("the tree has moved since this was parked: merged, gated and checked again")
        self.base = tip
        changes = repository.changes(tip, merged.tree)
        claim = Finish("approved effects", self._task.confidence)
        if not self._gated(changes, claim):
            return True
        failed = verify(self._bench, self._hands, self._task.id, changes.new, self._task.checks)
        if failed is not None:
            check, seen = failed
            first = seen.text.splitlines()[0]
            self.drop(TaskState.FAILED, f"not verified: `{check.run}`: {first}", verified=False, claimed=claim)
            return True
        self._keep(changes, claim)
        return True

    def _keep_in_turn(self, changes: ChangeSet, claim: Finish) -> None:
        """Keep what is verified. Where others have kept something since this task began, it is merged onto that first,
        then gated and verified again. Raises Overtaken when the two do not go together."""
        self._bench.my_turn(self._standing.work)
        repository = self._bench.repository
        tip = self._bench.ledger.session.tip
        if tip != self.base:
            merged = repository.merge(self.base, tip, changes.new)
            if not merged.tree:
                paths = ", ".join(visible(conflict.path) for conflict in merged.conflicts[:5])
                self._record_notice(
                    f"this conflicts with what an earlier task has kept meanwhile ({paths}); done again"
                )
                raise Overtaken
            self.base = tip
            changes = repository.changes(tip, merged.tree)
            if not self._gated(changes, claim):
                return
            failed = verify(self._bench, self._hands, self._task.id, changes.new, self._task.checks)
            if failed is not None:
                self._record_notice(f"with what was kept meanwhile `{failed[0].run}` fails; done again")
                raise Overtaken
        self._keep(changes, claim)

    def drop(
        self,
        state: TaskState,
        reason: str,
        *,
        rule: str = "",
        path: str = "",
        verified: bool | None = None,
        claimed: Finish | None = None,
    ) -> None:
        """End the task without a trace in the tree."""
        self._bench.my_turn(self._standing.work)
        self._bench.ledger.record(
            EventKind.TASK_ENDED,
            task=self._task.id,
            state=state.value,
            reason=reason,
            rule=rule,
            path=path,
            confidence=self._confidence(claimed).value,
            calibration=confidence_to_json(self._confidence(claimed)),
            verified=verified,
            claimed=claimed.summary if claimed else "",
            claimed_evidence=claimed.evidence if claimed else "",
            task_s=round(self._standing.worked_s(), 3),
        )
        self._bench.repository.restore(self._bench.ledger.session.tip)

    def _gated(self, changes: ChangeSet, claim: Finish) -> bool:
        """Ask the gate about every effect; false when the task was thrown out or parked."""
        self._record_effects(changes)
        self._sure = ended(self._bench.history, self._task, claim.confidence, changes)
        if not changes.files and not changes.refused:
            return True
        confidence = 1.0 if self._grants.confidence else self._sure.value
        verdicts = self._verdicts(changes, confidence)
        self._record_gate(verdicts)
        blocked = next((verdict for verdict in verdicts if verdict.decision is Decision.BLOCK), None)
        if blocked is not None:
            state = TaskState.FAILED if blocked.layer is Layer.CONFIDENCE else TaskState.BLOCKED
            self.drop(state, blocked.message, rule=blocked.rule, path=blocked.subject, claimed=claim)
            return False
        by_path = {change.path: change for change in changes.files}
        parked = [
            (by_path[verdict.subject], verdict)
            for verdict in verdicts
            if verdict.decision is Decision.PARK and not self._covered(by_path[verdict.subject], verdict)
        ]
        if not parked or self._grants.cover(effects_digest([change for change, _ in parked])):
            return True
        self._park(changes, parked)
        return False

    def _verdicts(self, changes: ChangeSet, confidence: float) -> tuple[Verdict, ...]:
        repository = self._bench.repository
        before = repository.changes(self._bench.ledger.session.base_commit, self.base).files
        return decide_changes(
            self._bench.role,
            changes,
            confidence,
            created_before=sum(1 for change in before if change.status is ChangeStatus.ADDED),
            modified_before=sum(1 for change in before if change.status is ChangeStatus.MODIFIED),
            bytes_before=sum(change.size for change in before),
            lines_of=lambda change: repository.blob(change.new_oid).count(b"\n"),
        )

    def _covered(self, change: FileChange, verdict: Verdict) -> bool:
        """Whether an approved action already stands for this effect: a playbook's step (approved to the letter), or
        exactly the content that an approved file action wrote."""
        if verdict.layer is Layer.CONFIDENCE:
            return False
        if self._task.steps is not None and verdict.action in self._grants.classes:
            return True
        if change.path not in self._granted_content:
            return False
        content = self._granted_content[change.path]
        if content is None or not change.new_oid:
            return content is None and not change.new_oid
        return self._bench.repository.blob(change.new_oid) == content

    def _park(self, changes: ChangeSet, parked: list[tuple[FileChange, Verdict]]) -> None:
        repository = self._bench.repository
        partial = repository.save(f"parked/{self._task.id}", changes.new, self.base, f"parked: {self._task.title}")
        session, role = self._bench.ledger.session, self._bench.role
        asked_at = self._bench.clock.now().isoformat()
        approval = ask_for_effects(session, self._task.id, role, asked_at, changes.new, parked)
        self._bench.ledger.record(
            EventKind.PARKED,
            task=self._task.id,
            approval=approval_to_json(approval),
            partial=partial,
            base=self.base,
            step=len(self._task.steps or ()),
        )

    def _keep(self, changes: ChangeSet, claim: Finish) -> None:
        session = self._bench.ledger.session
        flagged = self._flagged
        facts = []
        number = len(session.checkpoints) + 1
        if flagged:
            facts.append(self._checkpoint(number, self.base, "before a flagged task"))
            number += 1
        message = f"{self._task.title}\n\nOrion-Session: {session.id}\nOrion-Task: {self._task.id}"
        commit = self._bench.repository.keep(changes.new, message, self.base)
        facts.append(self._checkpoint(number, commit, "kept"))
        ended = {
            "task": self._task.id,
            "state": TaskState.KEPT.value,
            "reason": "" if changes.files else "nothing was changed",
            "confidence": self._confidence(claim).value,
            "calibration": confidence_to_json(self._confidence(claim)),
            "flagged": flagged,
            "claimed": claim.summary,
            "claimed_evidence": claim.evidence,
            "task_s": round(self._standing.worked_s(), 3),
            "run_s": round(self._bench.work.seconds(), 3),
            "verified": True if self._task.checks else None,
            "commit": commit,
        }
        self._bench.ledger.record_all([*facts, Fact(EventKind.TASK_ENDED, ended)])

    def _checkpoint(self, number: int, commit: str, why: str) -> Fact:
        tree = self._bench.repository.tree_of(commit)
        about = {"task": self._task.id, "commit": commit, "tree": tree, "number": number, "why": why}
        return Fact(EventKind.CHECKPOINT, about)

    def _record_gate(self, verdicts: tuple[Verdict, ...]) -> None:
        """Every verdict that a person should see, and one line for those that simply pass."""
        self._flagged = self._grants.confidence or any(verdict.flagged for verdict in verdicts)
        shown = [verdict for verdict in verdicts if not verdict.allowed or verdict.flagged]
        if not shown:
            shown = [verdicts[0]]
        facts = [
            Fact(
                EventKind.GATE,
                {
                    "task": self._task.id,
                    "step": None,
                    "phase": "effects",
                    "verdict": verdict_to_json(verdict),
                    "files": len(verdicts),
                },
            )
            for verdict in shown[:SHOWN_FILES]
        ]
        self._bench.ledger.record_all(facts)

    def _record_effects(self, changes: ChangeSet) -> None:
        self._bench.ledger.record(
            EventKind.EFFECTS,
            sync=False,
            task=self._task.id,
            tree=changes.new,
            files=[
                {
                    "path": change.path,
                    "status": change.status.value,
                    "additions": change.additions,
                    "deletions": change.deletions,
                }
                for change in changes.files
            ],
            additions=changes.additions,
            deletions=changes.deletions,
        )

    def _record_notice(self, message: str) -> None:
        self._bench.ledger.record(EventKind.NOTICE, task=self._task.id, message=message, level="warning")

    def _confidence(self, claim: Finish | None) -> Confidence:
        """What the gates used, or what they would have used had there been an effect to look at."""
        if self._sure is not None:
            return self._sure
        expected = planned(self._bench.history, self._task)
        return replace(expected, claimed=min(expected.claimed, claim.confidence)) if claim else expected
