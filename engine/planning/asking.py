"""Asking a model for one JSON object outside a task, within a budget, and reading what came back."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.documents import parse_document
from engine.vocabulary.errors import LimitExceeded, ModelError, PlanError, Problem
from engine.vocabulary.intake import Exchange
from engine.vocabulary.models import FinishReason, Message, ModelReply, ModelRequest, Usage
from engine.vocabulary.text import shortened, visible
from engine.vocabulary.tokens import UNCOUNTED, estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from threading import Event as Flag

    from engine.vocabulary.ports import Model, ModelWatch

MAX_REPLY_CHARACTERS = 400_000
"""A longer reply is nothing to look for a plan in: sixty tasks of the longest kind are a fifth of it."""
EXPECTED_OUTPUT_TOKENS = 2_000
_TOLD_PROBLEMS = 12
_FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n[ \t]*```", re.DOTALL)
_THINKING = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)


@dataclass(slots=True)
class Asker:
    """One model, asked for one purpose. `heard` is told of every reply before it is looked at. `limit_usd` (0 for none)
    and `spent_usd` bound what it may cost: a call that is expected to pass the limit is not made."""

    model: Model
    stop: Flag
    heard: Callable[[Exchange], None]
    limit_usd: float = 0.0
    spent_usd: float = 0.0
    watch: ModelWatch | None = None
    used: Usage = field(default_factory=Usage)

    def ask(self, purpose: str, turn: int, messages: Sequence[Message], schema: Mapping[str, Any]) -> ModelReply:
        """One reply. Raises LimitExceeded before a call that does not fit, ModelError, Cancelled."""
        request = ModelRequest(purpose, "", turn, tuple(messages), schema=schema)
        self._affordable(request)
        reply = self.model.complete(request, self.stop, self.watch)
        self.used += reply.usage
        self.heard(Exchange(purpose, turn, reply))
        return reply

    def _affordable(self, request: ModelRequest) -> None:
        if self.limit_usd <= 0:
            return
        sent = Usage(
            int(estimate_tokens(request) * UNCOUNTED), min(EXPECTED_OUTPUT_TOKENS, self.model.max_output_tokens)
        )
        before = self.spent_usd + self.used.cost_usd
        expected = before + self.model.price.cost(sent)
        if expected > self.limit_usd or before >= self.limit_usd:
            raise LimitExceeded("cost_usd", round(expected, 6), self.limit_usd)


def object_of(reply: ModelReply, schema: Mapping[str, Any], what: str) -> dict[str, Any]:
    """The JSON object in a reply. Raises ModelError for a refusal, which asking again does not change, and PlanError
    with a problem for each thing wrong otherwise."""
    if reply.finish is FinishReason.REFUSAL:
        said = shortened(visible(reply.text.strip()), 200)
        raise ModelError(
            f"the model refuses: it gave no {what}" + (f" and said: {said}" if said else ""),
            "say the goal differently, use another model, or write a playbook",
        )
    if not reply.text.strip():
        raise PlanError("the reply is empty", "one JSON object and nothing else")
    if len(reply.text) > MAX_REPLY_CHARACTERS:
        raise PlanError(f"the reply has {len(reply.text):,} characters", f"at most {MAX_REPLY_CHARACTERS:,}")
    data, fault = _read(reply.text)
    if data is None:
        cut = (
            " (it was cut at the longest reply that the model may give)" if reply.finish is FinishReason.LENGTH else ""
        )
        raise PlanError(f"the reply is not JSON{cut}", f"one JSON object and nothing else ({fault})")
    # Written anew in plain ASCII, it is a document that every rule for files can be applied to.
    found: dict[str, Any] = parse_document(json.dumps(data), f"the {what}", schema, error=PlanError).data
    return found


def problems_of(error: PlanError) -> tuple[Problem, ...]:
    """What was wrong, as a list that has at least one entry."""
    return error.problems or (Problem(error.message, hint=error.hint),)


def objection(problems: Sequence[Problem], what: str) -> str:
    """What goes back to the model."""
    told = "\n".join(f"- {line_of(problem)}" for problem in problems[:_TOLD_PROBLEMS])
    more = len(problems) - _TOLD_PROBLEMS
    rest = f"\n- and {more} more of the kind" if more > 0 else ""
    return f"That is no valid {what}:\n{told}{rest}\nAnswer with the whole corrected JSON object and nothing else."


def line_of(problem: Problem) -> str:
    """One problem as a sentence."""
    where = f"{problem.field}: " if problem.field else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{where}{problem.message}{hint}"


def _read(text: str) -> tuple[Any, str]:
    """The JSON value in a text: all of it, what stands in a fence, or what stands between the outermost braces; and why
    there is none. Models without a strict mode like to talk around it, and some think aloud first."""
    text = _THINKING.sub("", text)
    candidates = [text]
    fenced = _FENCE.search(text)
    if fenced:
        candidates.append(fenced.group(1))
    begin, end = text.find("{"), text.rfind("}")
    if 0 <= begin < end:
        candidates.append(text[begin : end + 1])
    fault = ""
    for candidate in candidates:
        try:
            return json.loads(candidate), ""
        except (ValueError, RecursionError) as bad:
            fault = fault or str(bad)
    return None, fault
