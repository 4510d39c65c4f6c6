"""A person's sentence turned into a brief before anything is planned: what is asked, what is out, how success will be
checked, and up to three questions when different answers would lead to different work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.planning.asking import object_of, objection, problems_of
from engine.planning.planner import DATA_RULE, authority_of
from engine.planning.sections import data_section
from engine.vocabulary.errors import PlanError
from engine.vocabulary.intake import Brief, Question
from engine.vocabulary.models import Message
from engine.vocabulary.text import on_one_line

if TYPE_CHECKING:
    from engine.planning.asking import Asker
    from engine.vocabulary.roles import Role

MAX_QUESTIONS = 3
MAX_TRIES = 2
_ENTRIES = 8
_WIDTH = 400

_RULES = """\
Somebody gives you a goal for work on a git repository that will be planned and carried out overnight, alone, by an
agent in a sandbox without a network. Nobody can be asked later, so make sure now that the goal is understood.
Answer with one JSON object of the given schema and nothing else:
- asked: what is wanted, in one or two plain sentences. Add nothing that was not asked for.
- left_out: what somebody might expect along with it and that will not be done. May be empty.
- success: how one will see that it is done; commands that exit with 0 where the repository has them.
- questions: at most {questions}, and only where different answers lead to different work and neither the goal nor the
  repository answers them. Most goals need none. Each with proposed: the answer you would go by if nobody answers.
{data_rule}"""


def take_in(goal: str, role: Role, survey: str, asker: Asker) -> Brief | None:
    """The brief of a goal; None when the model gave no usable one in `MAX_TRIES` tries, in which case the goal is
    planned as it stands. A refusal is a ModelError, like every error of the model; LimitExceeded before a call that
    does not fit into the limits; Cancelled."""
    rules = _RULES.format(questions=MAX_QUESTIONS, data_rule=DATA_RULE)
    told = "\n\n".join((data_section("goal", goal), data_section("repository", survey)))
    messages = [Message("system", f"{rules}\n\n{authority_of(role)}"), Message("user", told)]
    for turn in range(1, MAX_TRIES + 1):
        reply = asker.ask("intake", turn, messages, reply_schema())
        try:
            return _brief(object_of(reply, reply_schema(), "brief"))
        except PlanError as error:
            messages += [Message("assistant", reply.text), Message("user", objection(problems_of(error), "brief"))]
    return None


def reply_schema() -> dict[str, Any]:
    """What a brief must look like on the wire."""
    lines = {"type": "array", "maxItems": _ENTRIES, "items": {"type": "string", "minLength": 1}}
    text = {"type": "string", "minLength": 1}
    question = {
        "type": "object",
        "additionalProperties": False,
        "required": ["question", "proposed"],
        "properties": {"question": text, "proposed": text},
    }
    properties = {
        "asked": text,
        "left_out": lines,
        "success": lines,
        "questions": {"type": "array", "maxItems": MAX_QUESTIONS, "items": question},
    }
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}


def _brief(data: dict[str, Any]) -> Brief:
    questions = {_line(entry["question"]): _line(entry["proposed"]) for entry in data["questions"]}
    return Brief(
        _line(data["asked"]),
        tuple(map(_line, data["left_out"])),
        tuple(map(_line, data["success"])),
        tuple(Question(text, proposed) for text, proposed in questions.items()),
    )


def _line(text: str) -> str:
    return on_one_line(text, _WIDTH)
