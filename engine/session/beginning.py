"""How a task begins: what was approved is looked at, the tree is put in place, and the gate is asked before anything
runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.governance.gate import decide_action, decide_task
from engine.session.parking import Grants, actions_digest, ask_for_actions, ask_for_confidence, stale_approvals
from engine.vocabulary.events import EventKind
from engine.vocabulary.plans import TaskState
from engine.vocabulary.verdicts import ApprovalKind, Decision, Layer, Verdict, verdict_to_json

if TYPE_CHECKING:
    from engine.session.bench import Bench
    from engine.session.keeping import Keeper
    from engine.session.standing import Standing
    from engine.vocabulary.actions import Action
    from engine.vocabulary.sessions import Suspension


class Beginning:
    """Brings one task to where its first action can be tried, or ends it before."""

    def __init__(self, bench: Bench, standing: Standing, grants: Grants, keeper: Keeper) -> None:
        self._bench = bench
        self._standing = standing
        self._task = standing.task
        self._grants = grants
        self._keeper = keeper

    def begun(self, suspension: Suspension | None) -> bytes | None:
        """Put the tree in place; the transcript to go on with (empty for none), or None when the task has ended or
        begins anew by itself."""
        if self._voided():
            return None
        if suspension is not None and self._awaits_effects(suspension):
            self._begin(suspension.base, resumed=True)
            if self._keeper.keep_parked(suspension):
                return None
            # The kept diff no longer fits what others have done since: the task is done again from the tip.
            suspension = self._bench.outset = None
        if suspension is not None and self._taken_up(suspension):
            return self._bench.blobs.get(suspension.transcript) if suspension.transcript else b""
        self._standing.step = 0
        self._begin(self._bench.seen().tip)
        self._bench.repository.restore(self._standing.base)
        return b""

    def _begin(self, base: str, *, resumed: bool = False) -> None:
        self._keeper.base = base
        self._standing.begin(base, resumed=resumed)

    def _voided(self) -> bool:
        """Approvals given under another wording of the role mean nothing: say so and start over."""
        stale = stale_approvals(self._bench.ledger.session, self._task.id, self._bench.role)
        for approval in stale:
            reason = "the role has changed since this was approved"
            self._standing.record(EventKind.DECIDED, approval=approval.id, decision="void", reason=reason)
        return bool(stale)

    def _awaits_effects(self, suspension: Suspension) -> bool:
        """Whether what stands there is the finished tree that was approved, not a later half-done one."""
        # The last in the order of the journal: a clock that was set back must not choose another.
        last = self._grants.approvals[-1:]
        if not last or last[0].kind is not ApprovalKind.EFFECT:
            return False
        return self._bench.repository.tree_of(suspension.partial) == last[0].tree

    def _taken_up(self, suspension: Suspension) -> bool:
        """Put the partial tree, merged with what was kept meanwhile, back into the work tree; false when they
        conflict."""
        repository = self._bench.repository
        tip = self._bench.seen().tip
        partial = suspension.partial
        if tip != suspension.base:
            merged = repository.merge(suspension.base, tip, suspension.partial)
            if not merged.tree:
                self._standing.notice("what was kept meanwhile conflicts with this task's partial work; it starts over")
                return False
            partial = repository.save(f"resumed/{self._task.id}", merged.tree, tip, f"resumed: {self._task.title}")
        self._standing.step = suspension.step
        self._begin(tip, resumed=True)
        repository.restore(partial)
        return True

    # The gate before anything runs

    def cleared(self) -> bool:
        """Gate the task as a whole; a playbook's steps all at once, so that they are asked about once, up front."""
        verdict = decide_task(self._bench.role, replace(self._task, confidence=self._standing.expected))
        if self._task.steps is None:
            return self._cleared_whole(verdict)
        judged = [(step, self.judged(step)) for step in self._task.steps]
        for index, (_, found) in enumerate(judged):
            self.gate(found, index)
        blocked = next((found for _, found in judged if found.decision is Decision.BLOCK), None)
        if blocked is not None:
            self._end_refused(blocked)
            return False
        parked = [(step, found) for step, found in judged if found.decision is Decision.PARK]
        if not parked or self._grants.cover(actions_digest([step for step, _ in parked])):
            return True
        standing = self._standing
        session, role = self._bench.ledger.session, self._bench.role
        asked = ask_for_actions(session, self._task.id, role, standing.now(), standing.tree(), parked)
        standing.park(asked, standing.base)
        return False

    def _cleared_whole(self, verdict: Verdict) -> bool:
        if verdict.decision is Decision.BLOCK:
            self.gate(verdict, None)
            self._end_refused(verdict)
            return False
        if verdict.decision is Decision.PARK and verdict.layer is Layer.CONFIDENCE and not self._grants.confidence:
            self.gate(verdict, None)
            session, role, standing = self._bench.ledger.session, self._bench.role, self._standing
            asked = ask_for_confidence(session, self._task.id, role, standing.now(), standing.tree(), verdict)
            standing.park(asked, standing.base)
            return False
        return True

    def judged(self, action: Action) -> Verdict:
        """What the gate says to an action of this task."""
        confidence = 1.0 if self._grants.confidence else self._standing.expected
        return decide_action(self._bench.role, action, confidence)

    def gate(self, verdict: Verdict, step: int | None) -> None:
        """Write down what the gate said."""
        self._standing.record(
            EventKind.GATE, sync=not verdict.allowed, step=step, phase="action", verdict=verdict_to_json(verdict)
        )

    def _end_refused(self, verdict: Verdict) -> None:
        low = verdict.layer is Layer.CONFIDENCE
        state = TaskState.SKIPPED if low else TaskState.BLOCKED
        self._keeper.drop(state, verdict.message, rule=verdict.rule, path=verdict.subject)
