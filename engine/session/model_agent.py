"""A model at work on a task: what it is shown, what its replies become, what it is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from engine.planning.sections import data_section
from engine.session.circles import CircleWatch
from engine.session.conversation import Conversation, Dropped
from engine.session.observing import cut_middle
from engine.session.tools import TOOLS, BadCall, Finish, Note, Question, action_of
from engine.vocabulary.models import FinishReason, Message, ModelReply, ModelRequest, ToolCall
from engine.vocabulary.text import shortened
from engine.vocabulary.tokens import BYTES_PER_TOKEN, estimate_tokens, messages_tokens

if TYPE_CHECKING:
    from engine.session.briefing import Assignment
    from engine.session.observing import Observation
    from engine.vocabulary.actions import Action
    from engine.vocabulary.ports import Model

CALLS_PER_REPLY = 16
CHECK_ATTEMPTS = 3
"""How often a worker is told that its checks fail before the task does."""
FULL_AT = 0.75
"""Share of the context beyond which the oldest turns are dropped."""
NOTES = 40
NOTE_CHARACTERS = 1_000
_ANSWER_SHARE = 0.15
"""Share of the context that one answer may take."""
_LONGEST_ANSWER = 48_000


class ModelAgent:
    """Turns replies into proposals, one call after the other. Everything it is told of files and commands stands in
    marked sections."""

    def __init__(self, model: Model, assignment: Assignment, transcript: bytes = b"") -> None:
        self._assignment = assignment
        self._room = max(model.context_tokens - model.max_output_tokens, model.context_tokens // 2)
        self._longest = min(int(model.context_tokens * _ANSWER_SHARE * BYTES_PER_TOKEN), _LONGEST_ANSWER)
        self._fixed = estimate_tokens(ModelRequest("act", "", 0, (), TOOLS))
        self._fronted: tuple[object, tuple[Message, ...], int] | None = None
        self.talk = Conversation()
        self.watch = CircleWatch()
        self._objections = 0
        self._later: list[str] = []
        self.stands = ""
        """The finding that a person is asked about, until it is answered."""
        if transcript:
            state = json.loads(transcript)
            self.talk = Conversation.from_json(state["talk"])
            self.watch = CircleWatch(state["watch"])
            self._objections = state["objections"]
            self._later = state["later"]
            self.stands = state["stands"]

    # What it is shown

    @property
    def must_ask(self) -> bool:
        return not self.talk.pending

    def request(self) -> ModelRequest:
        """The next turn's request."""
        front, _ = self._front()
        messages = front + self.talk.messages
        return ModelRequest("act", self._assignment.task.id, self.talk.turn + 1, messages, TOOLS)

    def tokens(self) -> int:
        """An estimate of what the next request sends."""
        _, size = self._front()
        return self._fixed + size + self.talk.tokens

    def make_room(self, *, hard: bool = False) -> Dropped | None:
        """Drop the oldest turns when the context is nearly full; with `hard`, in any case."""
        _, size = self._front()
        room = max(int(self._room * FULL_AT) - self._fixed - size, self._room // 8)
        if hard:
            return self.talk.shrink(min(room, self.talk.tokens) // 2)
        return self.talk.shrink(room) if self.talk.tokens > room else None

    def hear(self, who: str, text: str) -> None:
        """Put something before the next turn."""
        self.remind(f"{who}\n{data_section('message', text)}")

    def remind(self, text: str) -> None:
        """Put a sentence of the engine's own before the next turn: after the answers to all calls of this one."""
        self._later.append(text)
        self._flush()

    def _flush(self) -> None:
        if not self.talk.pending:
            for text in self._later:
                self.talk.say(text)
            self._later = []

    def _front(self) -> tuple[tuple[Message, ...], int]:
        """What stands before the conversation at every turn, and an estimate of its tokens; the same messages as long
        as nothing was noted and nothing dropped."""
        told = (tuple(self.talk.notes), tuple(self.talk.earlier))
        if self._fronted is None or self._fronted[0] != told:
            front = self._assignment.front(*told)
            self._fronted = (told, front, messages_tokens(front))
        return self._fronted[1:]

    # What its replies become

    def take(self, reply: ModelReply) -> str:
        """Take a reply in; what is wrong with it when nothing of it can be carried out, else an empty text."""
        talk = self.talk
        talk.turn += 1
        calls = reply.calls[:CALLS_PER_REPLY]
        talk.add(Message("assistant", reply.text or ("" if calls else "(nothing)"), calls))
        talk.pending = list(calls)
        if not calls:
            problem, told = _nothing_to_do(reply)
            self.remind(told)
            return problem
        if len(reply.calls) > len(calls):
            self.remind(
                f"Only the first {CALLS_PER_REPLY} of your {len(reply.calls)} calls were carried out; "
                "call the others again if they are still wanted."
            )
        elif reply.finish is FinishReason.LENGTH:
            self.remind("Your reply was cut off at its length limit; say and write less at once.")
        problems = [_problem(call) for call in calls]
        return problems[0] if all(problems) else ""

    def propose(self) -> Action | Finish | Note | Question | None:
        if not self.talk.pending:
            return None
        try:
            return action_of(self.talk.pending[0])
        except BadCall as error:
            self._answer(f"error: {error}")
            return None

    def tell(self, seen: Observation) -> None:
        self._answer(seen.text)

    def note(self, note: Note) -> None:
        """Keep it where it is not dropped."""
        self.talk.notes.append(shortened(note.text, NOTE_CHARACTERS))
        del self.talk.notes[:-NOTES]
        self._answer("noted")

    def object(self, problem: str, evidence: str) -> bool:
        self._objections += 1
        if self._objections > CHECK_ATTEMPTS:
            return False
        left = CHECK_ATTEMPTS - self._objections
        more = f"you may claim to be done {left + 1} more time{'s' * (left > 0)}"
        self._answer(evidence, f"Not kept: {problem}; {more}.")
        return True

    def transcript(self) -> bytes:
        state = {
            "talk": self.talk.to_json(),
            "watch": self.watch.state(),
            "objections": self._objections,
            "later": self._later,
            "stands": self.stands,
        }
        return json.dumps(state).encode()

    def _answer(self, text: str, lead: str = "") -> None:
        name = self.talk.pending[0].name
        shown = data_section(_plain(name), cut_middle(text, self._longest, "ask for less at once"))
        self.talk.answer(f"{lead}\n{shown}" if lead else shown)
        self._flush()


def _plain(name: str) -> str:
    """A tool's name as the name of a section; one that is made up has none."""
    return name if any(tool["name"] == name for tool in TOOLS) else "answer"


def _problem(call: ToolCall) -> str:
    """Why the call cannot be carried out, or an empty text."""
    try:
        action_of(call)
    except BadCall as error:
        return str(error)
    return ""


def _nothing_to_do(reply: ModelReply) -> tuple[str, str]:
    """What a reply without any call was, and what the model is told."""
    if reply.finish is FinishReason.REFUSAL:
        told = (
            "You declined. If the task cannot be done as it is given, say why with ask, or call finish with the "
            "confidence that you have; otherwise go on with the tools."
        )
        return f"it refused: {shortened(' '.join(reply.text.split()), 200) or 'without a word'}", told
    if reply.finish is FinishReason.LENGTH:
        return "it was cut off at its length limit", "Your reply was cut off at its length limit; make smaller steps."
    if not reply.text.strip():
        return "it was empty", "Your reply was empty. Use one of the tools; call finish when the task is done."
    said = shortened(" ".join(reply.text.split()), 200)
    return f"it called no tool: {said}", "Use one of the tools; call finish when the task is done."
