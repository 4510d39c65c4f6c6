"""What a goal turned out to mean before it was planned: the brief, the questions about it, and what was answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.vocabulary.models import ModelReply


class AnswerKind(StrEnum):
    """How a question was settled: the proposed answer was taken, another was given, or it was left open."""

    PROPOSED = "proposed"
    OWN = "own"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Question:
    """Something the goal leaves open, with the answer that will most likely do."""

    text: str
    proposed: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question was settled with; `text` is empty when it was skipped. `by_person` when somebody was asked."""

    question: str
    text: str
    kind: AnswerKind
    by_person: bool = True


@dataclass(frozen=True, slots=True)
class Brief:
    """A goal in plain terms: what is asked, what is out, how success will be checked, and what was still open."""

    asked: str
    left_out: tuple[str, ...] = ()
    success: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    answers: tuple[Answer, ...] = ()

    @property
    def open(self) -> tuple[Question, ...]:
        """The questions that nobody has settled yet."""
        settled = {answer.question for answer in self.answers}
        return tuple(question for question in self.questions if question.text not in settled)

    def answered(self, answers: Sequence[Answer]) -> Brief:
        """The brief with these answers; an earlier one to the same question is replaced."""
        new = {answer.question for answer in answers}
        kept = tuple(answer for answer in self.answers if answer.question not in new)
        return replace(self, answers=(*kept, *answers))

    def taken_as_proposed(self) -> Brief:
        """The brief with every open question settled by its proposed answer, nobody having been asked."""
        return self.answered([Answer(q.text, q.proposed, AnswerKind.PROPOSED, by_person=False) for q in self.open])


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call of a model outside a task: what it was for (see PURPOSES), its turn, and the reply."""

    purpose: str
    turn: int
    reply: ModelReply


def brief_to_json(brief: Brief) -> dict[str, Any]:
    return {
        "asked": brief.asked,
        "left_out": list(brief.left_out),
        "success": list(brief.success),
        "questions": [{"text": question.text, "proposed": question.proposed} for question in brief.questions],
        "answers": [
            {"question": answer.question, "text": answer.text, "kind": answer.kind.value, "by_person": answer.by_person}
            for answer in brief.answers
        ],
    }


def brief_from_json(data: Mapping[str, Any]) -> Brief:
    """The brief that `brief_to_json` wrote."""
    return Brief(
        data["asked"],
        tuple(data.get("left_out", ())),
        tuple(data.get("success", ())),
        tuple(Question(entry["text"], entry["proposed"]) for entry in data.get("questions", ())),
        tuple(
            Answer(entry["question"], entry["text"], AnswerKind(entry["kind"]), entry.get("by_person", True))
            for entry in data.get("answers", ())
        ),
    )
