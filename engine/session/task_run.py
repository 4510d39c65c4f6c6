"""One task, from its start to an end that the journal knows: ask, gate, act, observe, until done."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.governance.gate import decide_action, decide_task
from engine.planning.calibration import planned
from engine.session.agents import Agent, ModelAgent, PlaybookAgent, TurnTaken
from engine.session.hands import Hands, Observation
from engine.session.keeping import Keeper
from engine.session.parking import (
    HANDED_OFF,
    NOT_YET,
    actions_digest,
    ask_for_actions,
    ask_for_confidence,
    grants_for,
    stale_approvals,
)
from engine.session.tools import Finish
from engine.vocabulary.actions import Action, RunCommand, action_to_json, summary_of
from engine.vocabulary.errors import Cancelled, ModelError
from engine.vocabulary.events import EventKind
from engine.vocabulary.plans import TaskState
from engine.vocabulary.runs import Outcome
from engine.vocabulary.verdicts import (
    Approval,
    ApprovalKind,
    Decision,
    Layer,
    Verdict,
    approval_to_json,
    verdict_to_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.session.bench import Bench
    from engine.vocabulary.sessions import Suspension, TaskView

CHECK_ATTEMPTS = 3
TEXT_IN_ROWS = 2_000


class TaskRun:
    """Works on one task. `run` returns when the task has ended, is parked, or was suspended by a pause or a limit."""

    def __init__(self, bench: Bench, view: TaskView) -> None:
        self._bench = bench
        self._view = view
        self._task = view.task
        self._hands = Hands(bench.sandbox, bench.repository, bench.blobs, bench.stop)
        self._grants = grants_for(bench.ledger.session, view.task.id, bench.role)
        self._expected = planned(bench.history, view.task).value
        self._base = ""
        self._step = 0
        self._keeper = Keeper(bench, self._hands, self._task, self._grants)

    def run(self) -> None:
        """Raises Cancelled once the session is stopped, ModelError when the model cannot be used."""
        if self._voided():
            return
        suspension = self._view.suspension
        if suspension is not None and self._awaits_effects(suspension):
            self._begin(suspension.base, resumed=True)
            if self._keeper.keep_parked(suspension):
                return
            # The kept diff no longer fits what others have done since: the task is done again from the tip.
            suspension = None
        transcript = b""
        if suspension is not None and self._taken_up(suspension):
            transcript = self._bench.blobs.get(suspension.transcript) if suspension.transcript else b""
        else:
            self._step = 0
            self._begin(self._bench.ledger.session.tip)
            self._bench.repository.restore(self._base)
        if self._cleared():
            self._work(self._agent(transcript))

    # How a task begins

    def _voided(self) -> bool:
        """Approvals given under another wording of the role mean nothing: say so and start over."""
        stale = stale_approvals(self._bench.ledger.session, self._task.id, self._bench.role)
        for approval in stale:
            reason = "the role has changed since this was approved"
            self._record(EventKind.DECIDED, approval=approval.id, task=self._task.id, decision="void", reason=reason)
        return bool(stale)

    def _awaits_effects(self, suspension: Suspension) -> bool:
        """Whether what stands there is the finished tree that was approved, not a later half-done one."""
        # The last in the order of the journal: a clock that was set back must not choose another.
        last = self._grants.approvals[-1:]
        if not last or last[0].kind is not ApprovalKind.EFFECT:
            return False
        return self._bench.repository.tree_of(suspension.partial) == last[0].tree

    def _begin(self, base: str, *, resumed: bool = False) -> None:
        self._base = base
        self._keeper.base = base
        self._record(
            EventKind.TASK_STARTED,
            task=self._task.id,
            title=self._task.title,
            base=base,
            attempt=self._view.attempts + 1,
            confidence=self._expected,
            resumed=resumed,
        )

    def _taken_up(self, suspension: Suspension) -> bool:
        """Put the partial tree, merged with what was kept meanwhile, back into the work tree; false when they
        conflict."""
        repository = self._bench.repository
        tip = self._bench.ledger.session.tip
        partial = suspension.partial
        if tip != suspension.base:
            merged = repository.merge(suspension.base, tip, suspension.partial)
            if not merged.tree:
                self._notice("what was kept meanwhile conflicts with this task's partial work; it starts over")
                return False
            partial = repository.save(f"resumed/{self._task.id}", merged.tree, tip, f"resumed: {self._task.title}")
        self._step = suspension.step
        self._begin(tip, resumed=True)
        repository.restore(partial)
        return True

    def _agent(self, transcript: bytes) -> Agent:
        if self._task.steps is not None:
            return PlaybookAgent(self._task, self._step)
        if self._bench.model is None:
            raise ModelError(
                f"task {self._task.id!r} needs a model, and none is configured",
                "set default_model in config.yaml, or give a playbook",
            )
        session = self._bench.ledger.session
        return ModelAgent(
            self._bench.model,
            self._task,
            session.goal,
            self._bench.role,
            stop=self._bench.stop,
            taken=self._turn_taken,
            transcript=transcript,
        )

    # The gate before anything runs

    def _cleared(self) -> bool:
        """Gate the task as a whole; a playbook's steps all at once, so that they are asked about once, up front."""
        verdict = decide_task(self._bench.role, replace(self._task, confidence=self._expected))
        if self._task.steps is None:
            return self._cleared_whole(verdict)
        judged = [(step, self._judged(step)) for step in self._task.steps]
        for index, (_, found) in enumerate(judged):
            self._gate(found, index)
        blocked = next((found for _, found in judged if found.decision is Decision.BLOCK), None)
        if blocked is not None:
            self._end_refused(blocked)
            return False
        parked = [(step, found) for step, found in judged if found.decision is Decision.PARK]
        if not parked or self._grants.cover(actions_digest([step for step, _ in parked])):
            return True
        session, role = self._bench.ledger.session, self._bench.role
        self._park(ask_for_actions(session, self._task.id, role, self._now(), self._tree(), parked), self._base, b"")
        return False

    def _cleared_whole(self, verdict: Verdict) -> bool:
        if verdict.decision is Decision.BLOCK:
            self._gate(verdict, None)
            self._end_refused(verdict)
            return False
        if verdict.decision is Decision.PARK and verdict.layer is Layer.CONFIDENCE and not self._grants.confidence:
            self._gate(verdict, None)
            session, role = self._bench.ledger.session, self._bench.role
            asked = ask_for_confidence(session, self._task.id, role, self._now(), self._tree(), verdict)
            self._park(asked, self._base, b"")
            return False
        return True

    def _judged(self, action: Action) -> Verdict:
        return decide_action(self._bench.role, action, self._gate_confidence())

    def _gate_confidence(self) -> float:
        return 1.0 if self._grants.confidence else self._expected

    # The loop

    def _work(self, agent: Agent) -> None:
        failed_checks = 0
        while True:
            if self._interrupted(agent):
                return
            proposed = agent.propose()
            if isinstance(proposed, Finish):
                problem = self._keeper.finish(proposed, may_try_again=failed_checks < CHECK_ATTEMPTS, agent=agent)
                if problem is None:
                    return
                failed_checks += 1
                continue
            if not self._acted(agent, proposed):
                return

    def _interrupted(self, agent: Agent) -> bool:
        if self._bench.stop.is_set():
            raise Cancelled
        if not self._bench.pause.is_set() and self._bench.stop_now() is None:
            return False
        self._suspend(agent)
        return True

    def _acted(self, agent: Agent, action: Action) -> bool:
        """Gate and carry out one action; false when the task has ended or is parked."""
        verdict = self._judged(action)
        if self._task.steps is None:
            self._gate(verdict, self._step)
        if verdict.decision is Decision.BLOCK:
            # A playbook's steps were gated before the first one ran, so only a model comes here.
            agent.tell(Observation(Outcome.FAILED, f"refused: {verdict.message}"))
            self._step += 1
            return True
        if verdict.decision is Decision.PARK and not self._granted(action):
            session, role = self._bench.ledger.session, self._bench.role
            partial, tree = self._partial()
            if not partial:
                agent.tell(Observation(Outcome.FAILED, "refused: the tree holds something that can never be kept"))
                return True
            asked = ask_for_actions(session, self._task.id, role, self._now(), tree, [(action, verdict)])
            self._park(asked, partial, agent.transcript())
            return False
        if verdict.action in HANDED_OFF:
            self._hand_off(agent, action, verdict)
            return True
        if verdict.action in NOT_YET:
            agent.tell(Observation(Outcome.FAILED, "there is no network in the sandbox, so this cannot run"))
            self._step += 1
            return True
        return self._performed(agent, action, verdict)

    def _granted(self, action: Action) -> bool:
        # A playbook's parked steps were approved together, before the first one ran.
        return self._task.steps is not None or self._grants.cover(actions_digest([action]))

    def _performed(self, agent: Agent, action: Action, verdict: Verdict) -> bool:
        about = {"task": self._task.id, "step": self._step, "summary": summary_of(action)}
        self._record(EventKind.ACTION_STARTED, sync=False, **about)
        seen = self._hands.perform(action, self._bench.time_left_s())
        if seen.outcome is Outcome.STOPPED:
            raise Cancelled
        self._record(
            EventKind.ACTION,
            sync=False,
            **about,
            action=_shown(action),
            action_class=verdict.action.value if verdict.action else None,
            outcome=seen.outcome.value,
            exit=seen.exit,
            duration_s=round(seen.duration_s, 3),
            output=seen.output,
            excerpt=seen.excerpt,
        )
        if seen.outcome is Outcome.TIMED_OUT and self._bench.time_left_s() <= 0:
            # The session's limit cut this command short, not its own: the task starts over once there is time again.
            self._record(EventKind.SUSPENDED, task=self._task.id, partial=self._base, base=self._base, step=0)
            return False
        if seen.restarted and self._task.steps is not None:
            # Half a command stands in the tree. A model is told and decides; a playbook begins the task anew.
            self._record(EventKind.SUSPENDED, task=self._task.id, partial=self._base, base=self._base, step=0)
            return False
        if verdict.decision is Decision.PARK and seen.ok:
            self._keeper.note_granted(action)
        agent.tell(seen)
        self._step += 1
        tolerated = seen.ok or self._task.steps is None or (isinstance(action, RunCommand) and action.allow_failure)
        if not tolerated:
            first = seen.text.splitlines()[0]
            self._keeper.drop(TaskState.FAILED, f"step {self._step} ({summary_of(action)[:80]}): {first}")
        return tolerated

    def _hand_off(self, agent: Agent, action: Action, verdict: Verdict) -> None:
        command = summary_of(action)
        self._record(EventKind.HAND_OFF, task=self._task.id, command=command, reason=verdict.message)
        agent.tell(Observation(Outcome.OK, f"put on the hand-off list for a person to run: {command}"))
        self._step += 1

    # How a task stops without ending

    def _partial(self) -> tuple[str, str]:
        """A commit with the work tree as it stands and its tree; empty when it holds what can never be kept."""
        repository = self._bench.repository
        found = repository.snapshot(self._base)
        if found.refused:
            return "", ""
        return repository.save(f"partial/{self._task.id}", found.new, self._base, self._task.title), found.new

    def _park(self, approval: Approval, partial: str, transcript: bytes) -> None:
        self._record(
            EventKind.PARKED,
            task=self._task.id,
            approval=approval_to_json(approval),
            partial=partial,
            base=self._base,
            step=self._step,
            transcript=self._bench.blobs.put(transcript) if transcript else "",
        )

    def _suspend(self, agent: Agent) -> None:
        partial, _ = self._partial()
        transcript = agent.transcript() if partial else b""
        self._record(
            EventKind.SUSPENDED,
            task=self._task.id,
            partial=partial or self._base,
            base=self._base,
            step=self._step if partial else 0,
            transcript=self._bench.blobs.put(transcript) if transcript else "",
        )

    def _end_refused(self, verdict: Verdict) -> None:
        low = verdict.layer is Layer.CONFIDENCE
        state = TaskState.SKIPPED if low else TaskState.BLOCKED
        self._keeper.drop(state, verdict.message, rule=verdict.rule, path=verdict.subject)

    # Recording

    def _turn_taken(self, taken: TurnTaken) -> None:
        usage = taken.reply.usage
        self._record(
            EventKind.TURN,
            task=self._task.id,
            turn=taken.turn,
            text=taken.reply.text,
            calls=[{"name": call.name, "arguments": _cut(call.arguments)} for call in taken.reply.calls],
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
            cost_usd=usage.cost_usd,
            cached_in=usage.cached_in,
            estimated=usage.estimated,
            finish=taken.reply.finish.value,
            model=taken.reply.model,
        )

    def _gate(self, verdict: Verdict, step: int | None) -> None:
        self._record(
            EventKind.GATE,
            sync=not verdict.allowed,
            task=self._task.id,
            step=step,
            phase="action",
            verdict=verdict_to_json(verdict),
        )

    def _notice(self, message: str) -> None:
        self._record(EventKind.NOTICE, task=self._task.id, message=message, level="warning")

    @property
    def _record(self) -> Callable[..., object]:
        return self._bench.ledger.record

    def _tree(self) -> str:
        return self._bench.repository.tree_of(self._base)

    def _now(self) -> str:
        return self._bench.clock.now().isoformat()


def _shown(action: Action) -> dict[str, object]:
    """The action for the journal, its long texts cut: contents live in git, not in rows."""
    return _cut(action_to_json(action))


def _cut(fields: Mapping[str, object]) -> dict[str, object]:
    return {
        key: value[:TEXT_IN_ROWS] + "…" if isinstance(value, str) and len(value) > TEXT_IN_ROWS else value
        for key, value in fields.items()
    }
