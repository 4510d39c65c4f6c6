"""A goal taken in on the command line: the brief is shown, open questions are asked on a terminal, and where nobody can
be asked the proposed answers are taken and said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from engine.vocabulary.intake import Answer, AnswerKind
from engine.vocabulary.text import visible
from orion_tui.cli.out import note

if TYPE_CHECKING:
    from engine.vocabulary.intake import Brief, Question
    from engine.vocabulary.requests import Intake, SessionRequest

SKIP = "-"


def settled(intake: Intake, *, ask: bool) -> SessionRequest:
    """The request with every question settled: by the person when `ask`, else by the proposed answers."""
    for text in intake.notices:
        note(f"orion: {text}")
    brief = intake.brief
    if brief is None:
        return intake.request
    _tell(brief)
    if brief.open and ask:
        note(f"orion: enter takes the proposed answer, {SKIP} leaves the question open")
        brief = brief.answered([_asked(question) for question in brief.open])
    else:
        brief = brief.taken_as_proposed()
        for answer in brief.answers:
            note(f"orion: question: {answer.question}")
            note(f"orion: nobody was asked, taken as proposed: {answer.text}")
    return replace(intake.request, brief=brief)


def _tell(brief: Brief) -> None:
    note(f"orion: understood: {brief.asked}")
    for label, entries in (("out", brief.left_out), ("done when", brief.success)):
        for entry in entries:
            note(f"orion: {label}: {entry}")


def _asked(question: Question) -> Answer:
    said = str(click.prompt(visible(question.text), default=visible(question.proposed), err=True)).strip()
    if said == SKIP:
        return Answer(question.text, "", AnswerKind.SKIPPED)
    if said == visible(question.proposed):
        return Answer(question.text, question.proposed, AnswerKind.PROPOSED)
    return Answer(question.text, said, AnswerKind.OWN)
