"""Who works on a task: a playbook that knows its steps, or a model that is asked. Same loop, same gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from engine.session.tools import Finish, Note, Question
from engine.vocabulary.text import counted

if TYPE_CHECKING:
    from engine.session.observing import Observation
    from engine.vocabulary.actions import Action
    from engine.vocabulary.plans import Task


class Agent(Protocol):
    """Proposes one thing after the other."""

    @property
    def must_ask(self) -> bool:
        """Whether a model has to be asked before anything can be proposed."""

    def propose(self) -> Action | Finish | Note | Question | None:
        """The next thing; None when what came cannot be used, which has been answered. Proposing again without telling
        gives the same."""

    def tell(self, seen: Observation) -> None:
        """What came of the proposed thing."""

    def object(self, problem: str, evidence: str) -> bool:
        """Say what was wrong with the claim to be done; false when this agent cannot do anything about it any more."""

    def transcript(self) -> bytes:
        """Everything needed to go on later at the same place."""


class PlaybookAgent:
    """Carries out the steps as they are written."""

    def __init__(self, task: Task, step: int = 0) -> None:
        self._steps = task.steps or ()
        self._step = step
        self._confidence = task.confidence

    @property
    def must_ask(self) -> bool:
        return False

    def propose(self) -> Action | Finish | Note | Question | None:
        if self._step < len(self._steps):
            return self._steps[self._step]
        return Finish(f"{counted(len(self._steps), 'step')} done", self._confidence)

    def tell(self, seen: Observation) -> None:
        self._step += 1

    def object(self, problem: str, evidence: str) -> bool:
        return False

    def transcript(self) -> bytes:
        return b""
