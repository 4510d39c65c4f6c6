"""One task, from its start to an end that the journal knows: ask, gate, act, observe, until done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.session.agents import Agent, PlaybookAgent
from engine.session.asking import Asking
from engine.session.beginning import Beginning
from engine.session.bench import Overtaken
from engine.session.briefing import Assignment
from engine.session.budgets import Reached
from engine.session.calling import Paused
from engine.session.circles import Circle, Deed
from engine.session.ground import ground_of
from engine.session.hands import Hands
from engine.session.keeping import Keeper
from engine.session.model_agent import ModelAgent
from engine.session.observing import Observation, for_row
from engine.session.parking import (
    HANDED_OFF,
    NOT_YET,
    actions_digest,
    ask_for_actions,
    ask_for_words,
    grants_for,
    words_digest,
)
from engine.session.standing import Standing
from engine.session.tools import Finish, Note, Question
from engine.vocabulary.actions import Action, RunCommand, action_to_json, digest_of, summary_of
from engine.vocabulary.errors import Cancelled, ModelError
from engine.vocabulary.events import EventKind
from engine.vocabulary.plans import TaskState
from engine.vocabulary.runs import Outcome
from engine.vocabulary.text import shortened
from engine.vocabulary.verdicts import ApprovalKind, Decision, Verdict

if TYPE_CHECKING:
    from engine.session.bench import Bench
    from engine.vocabulary.sessions import TaskView


_SUMMARY = 80  # characters of an action where a sentence names it


class TaskRun:
    """Works on one task. `run` returns when the task has ended, is parked, or was suspended by a pause or a limit."""

    def __init__(self, bench: Bench, view: TaskView) -> None:
        self._bench = bench
        self._view = view
        self._task = view.task
        self._standing = Standing(bench, view)
        self._hands = Hands(bench.sandbox, bench.repository, bench.blobs, bench.stop)
        self._grants = grants_for(bench.ledger.session, view.task.id, bench.role)
        self._keeper = Keeper(bench, self._hands, self._standing, self._grants)
        self._beginning = Beginning(bench, self._standing, self._grants, self._keeper)
        self._asking: Asking | None = None

    def run(self) -> None:
        """Raises Cancelled once the session is stopped, ModelError when the model cannot be used, Overtaken when the
        task has to be done again on top of what was kept meanwhile."""
        with self._standing.work.working():
            try:
                self._run()
            except Overtaken:
                self._standing.suspend_at_start()
                raise

    def _run(self) -> None:
        transcript = self._beginning.begun(self._view.suspension)
        if transcript is None or not self._beginning.cleared():
            return
        self._hands.base = self._standing.base
        agent = self._agent(transcript)
        try:
            self._work(agent)
        except Paused:
            self._standing.suspend(agent)
        except ModelError:
            # What stands is kept, so that a model that answers again goes on from here.
            self._standing.suspend(agent)
            raise
        finally:
            if self._asking is not None:
                self._asking.close()

    def _agent(self, transcript: bytes) -> Agent:
        if self._task.steps is not None:
            return PlaybookAgent(self._task, self._standing.step)
        if self._bench.model is None:
            raise ModelError(
                f"task {self._task.id!r} needs a model, and none is configured",
                "set default_model in config.yaml, or give a playbook",
            )
        self._asking = Asking(self._bench, self._bench.model, self._standing)
        session = self._bench.seen()
        _, instructions = ground_of(session, self._bench.blobs)
        assignment = Assignment.of(session, self._bench.role, self._task, instructions)
        return ModelAgent(self._bench.model, assignment, transcript)

    # The loop

    def _work(self, agent: Agent) -> None:
        """Ask, gate, act, observe, until done."""
        while self._may_go_on(agent):
            proposed = agent.propose()
            match proposed:
                case None:
                    continue
                case Finish():
                    if self._keeper.finish(proposed, agent):
                        return
                case Note():
                    self._noted(agent, proposed)
                case Question():
                    if not self._answered(agent, proposed):
                        return
                case _:
                    if not self._acted(agent, proposed):
                        return

    def _may_go_on(self, agent: Agent) -> bool:
        """False when the task is suspended or parked; a model has been asked when that was needed."""
        if self._bench.stop.is_set():
            raise Cancelled
        self._bench.budget.tell(self._task.id, self._standing.worked_s())
        if self._bench.pause.is_set() or self._bench.stop_now() is not None:
            self._standing.suspend(agent)
            return False
        if not isinstance(agent, ModelAgent):
            return True
        if agent.stands and not self._circled(agent, None):
            return False
        return not agent.must_ask or self._asking is None or self._asked(agent, self._asking)

    def _asked(self, agent: ModelAgent, asking: Asking) -> bool:
        came = asking.ask(agent)
        if isinstance(came, Reached):
            self._stopped_by(came, agent)
            return False
        return came is None or self._circled(agent, came)

    def _stopped_by(self, reached: Reached, agent: Agent) -> None:
        self._standing.notice(reached.message)
        if not reached.of_task:
            self._bench.budget.reached = reached
        self._standing.suspend(agent, reached.reason if reached.of_task else "")

    def _circled(self, agent: ModelAgent, circle: Circle | None) -> bool:
        """First the model is told; the second time a person is asked, and the task waits. False when it does."""
        standing = self._standing
        if circle is not None and not agent.watch.told and not circle.was_told:
            agent.watch.told = True
            standing.record(EventKind.CIRCLE, turn=agent.talk.turn, finding=circle.kind, message=circle.message)
            agent.remind(
                f"You are going round in circles: {circle.message}. Try another way, ask, or finish with what there is."
            )
            return True
        if circle is not None:
            standing.record(EventKind.CIRCLE, turn=agent.talk.turn, finding=circle.kind, message=circle.message)
            agent.stands = f"{circle.kind}: {circle.message}"
        kind, message = agent.stands.split(": ", 1)
        words = self._grants.words(words_digest(agent.stands, agent.talk.turn))
        if words is None:
            self._park_for_words(agent, ApprovalKind.CIRCLE, message, f"circle.{kind}", agent.stands)
            return False
        agent.stands, agent.watch.told = "", False
        agent.hear("You went round in circles. The person you work for says:", words or "Go on, another way.")
        return True

    def _park_for_words(self, agent: ModelAgent, kind: ApprovalKind, detail: str, rule: str, bound: str) -> None:
        partial, tree = self._standing.partial()
        if not partial:
            self._keeper.drop(TaskState.FAILED, f"{detail}; and the tree holds something that can never be kept")
            return
        digest = words_digest(bound, agent.talk.turn)
        session, role, now = self._bench.ledger.session, self._bench.role, self._standing.now()
        asked = ask_for_words(session, self._task.id, role, now, tree, kind, detail, rule, digest)
        self._standing.park(asked, partial, agent.transcript())

    def _noted(self, agent: Agent, note: Note) -> None:
        self._standing.record(EventKind.NOTE, sync=False, text=for_row(note.text))
        if isinstance(agent, ModelAgent):
            agent.note(note)

    def _answered(self, agent: Agent, question: Question) -> bool:
        """False when the question waits for a person. Only a model asks one."""
        if not isinstance(agent, ModelAgent):
            return True
        asked = "\n".join((question.text, *(f"- {option}" for option in question.options)))
        words = self._grants.words(words_digest(asked, agent.talk.turn))
        if words is None:
            self._park_for_words(agent, ApprovalKind.QUESTION, asked, "question", asked)
            return False
        agent.tell(Observation(Outcome.OK, f"The person answers: {words or 'yes'}"))
        return True

    def _acted(self, agent: Agent, action: Action) -> bool:
        """Gate and carry out one action; false when the task has ended or is parked."""
        verdict = self._beginning.judged(action)
        standing = self._standing
        if self._task.steps is None:
            self._beginning.gate(verdict, standing.step)
        if verdict.decision is Decision.BLOCK:
            # A playbook's steps were gated before the first one ran, so only a model comes here.
            return self._observed(agent, action, Observation(Outcome.FAILED, f"refused: {verdict.message}"))
        if verdict.decision is Decision.PARK and not self._granted(action):
            session, role = self._bench.ledger.session, self._bench.role
            partial, tree = standing.partial()
            if not partial:
                refused = "refused: the tree holds something that can never be kept"
                return self._observed(agent, action, Observation(Outcome.FAILED, refused))
            asked = ask_for_actions(session, self._task.id, role, standing.now(), tree, [(action, verdict)])
            standing.park(asked, partial, agent.transcript())
            return False
        if verdict.action in HANDED_OFF:
            # To the letter: quotes and line breaks are part of what the person will run.
            command = action.command.strip() if isinstance(action, RunCommand) else summary_of(action)
            standing.record(EventKind.HAND_OFF, command=command, reason=verdict.message)
            told = Observation(Outcome.OK, f"put on the hand-off list for a person to run: {command}")
            return self._observed(agent, action, told)
        if verdict.action in NOT_YET:
            offline = "there is no network in the sandbox, so this cannot run"
            return self._observed(agent, action, Observation(Outcome.FAILED, offline))
        return self._performed(agent, action, verdict)

    def _granted(self, action: Action) -> bool:
        # A playbook's parked steps were approved together, before the first one ran.
        return self._task.steps is not None or self._grants.cover(actions_digest([action]))

    def _performed(self, agent: Agent, action: Action, verdict: Verdict) -> bool:
        standing = self._standing
        about = {"step": standing.step, "summary": summary_of(action)}
        standing.record(EventKind.ACTION_STARTED, sync=False, **about)
        seen = self._hands.perform(action, self._bench.time_left_s())
        if seen.outcome is Outcome.STOPPED:
            raise Cancelled
        standing.record(
            EventKind.ACTION,
            sync=False,
            **about,
            action=for_row(action_to_json(action)),
            action_class=verdict.action.value if verdict.action else None,
            outcome=seen.outcome.value,
            exit=seen.exit,
            duration_s=round(seen.duration_s, 3),
            output=seen.output,
            excerpt=seen.excerpt,
            run_s=round(self._bench.work.seconds(), 3),
        )
        if seen.outcome is Outcome.TIMED_OUT and self._bench.time_left_s() <= 0:
            # The session's limit cut this command short, not its own: the task starts over once there is time again.
            standing.suspend_at_start()
            return False
        if self._cut_short(seen):
            # Half a command stands in the tree. A model is told and decides; a playbook begins the task anew.
            standing.suspend_at_start()
            return False
        if verdict.decision is Decision.PARK and seen.ok:
            self._keeper.note_granted(action)
        tolerated = seen.ok or self._task.steps is None or (isinstance(action, RunCommand) and action.allow_failure)
        if tolerated:
            return self._observed(agent, action, seen)
        standing.step += 1
        first, done = seen.text.splitlines()[0], shortened(summary_of(action), _SUMMARY)
        self._keeper.drop(TaskState.FAILED, f"step {standing.step} ({done}): {first}")
        return False

    def _observed(self, agent: Agent, action: Action, seen: Observation) -> bool:
        """Tell the agent; false when that closed a circle for which the task waits."""
        agent.tell(seen)
        self._standing.step += 1
        if not isinstance(agent, ModelAgent):
            return True
        digest, about = digest_of(action_to_json(action)), summary_of(action)
        deed = Deed(digest, about, seen.ok, seen.text, seen.path, seen.before, seen.after)
        circle = agent.watch.saw(deed)
        return circle is None or self._circled(agent, circle)

    def _cut_short(self, seen: Observation) -> bool:
        """Whether a trouble of the sandbox or of the disk, and not the work, ended the command."""
        return (seen.restarted and self._task.steps is not None) or (not seen.ok and self._bench.starved() is not None)
