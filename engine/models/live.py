"""A live endpoint behind the model port: one call, the way that a probe found it to work."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.models.actions_as_json import Explaining, as_call, calls_schema, looks_like_json, schema_in_words, with_rule
from engine.models.gathering import Gathered
from engine.models.lines import Lines
from engine.models.remembering import Growing, Remembering
from engine.models.shapes import fitted
from engine.models.wire import Ask
from engine.vocabulary.errors import ModelError, ModelFault
from engine.vocabulary.models import FinishReason, Message, ModelReply, ModelRequest, Usage
from engine.vocabulary.tokens import estimate_tokens, message_tokens, text_tokens, tools_tokens

if TYPE_CHECKING:
    from threading import Event as Flag

    from engine.models.abilities import Abilities, Ability
    from engine.models.wire import Wire
    from engine.vocabulary.models import Price
    from engine.vocabulary.ports import ModelWatch
    from engine.vocabulary.settings import ModelSettings

NATIVE, SCHEMA = "native", "schema"
PROBE_TRIES = 2
_PROBE_TOKENS = 1024
_LEAST_TOKENS = 256
_CHARS_PER_TOKEN = 2.0  # of JSON, for a small model's tokens
_PROBE_TOOL = {
    "name": "report",
    "description": "Report one word.",
    "parameters": {
        "type": "object",
        "properties": {"word": {"type": "string"}},
        "required": ["word"],
        "additionalProperties": False,
    },
}
_PROBE = (
    Message("system", "You act only by calling tools."),
    Message("user", "Call the tool report with the word: ready"),
)


class LiveModel:
    """Speaks over `wire`, on one of the `lines`; what it found out about the endpoint is kept in `abilities`."""

    def __init__(self, settings: ModelSettings, wire: Wire, abilities: Abilities, lines: Lines | None = None) -> None:
        self._settings = settings
        self._wire = wire
        self._abilities = abilities
        self._lines = lines or Lines()
        self._size = Remembering[Message, int](message_tokens)
        self._sizes = Growing[Message, int](0, lambda size, messages: size + sum(map(self._size, messages)))
        self._tool_sizes = Remembering[tuple[Any, ...], int](tools_tokens)
        self._explained = Explaining()
        self._calls_schema = Remembering[tuple[Any, ...], dict[str, Any]](calls_schema)
        self._place = (settings.api, wire.endpoint.address, settings.model)

    @property
    def name(self) -> str:
        return self._settings.name

    @property
    def context_tokens(self) -> int:
        return self._settings.context_tokens

    @property
    def max_output_tokens(self) -> int:
        return self._settings.max_output_tokens

    @property
    def price(self) -> Price:
        return self._settings.price

    def complete(self, request: ModelRequest, stop: Flag, watch: ModelWatch | None = None) -> ModelReply:
        """One reply, with what it took in tokens and money, a probe's included. Raises ModelError and Cancelled."""
        spent = Usage()
        if request.tools and not self._ability.tools:
            spent += self._probe(stop)
        try:
            reply = self._asked(request, stop, watch)
        except ModelError as error:
            if error.fault is not ModelFault.REQUEST or not self._forget(request):
                raise
            # What worked once does not any more: another version may answer there now.
            if request.tools:
                spent += self._probe(stop)
            reply = self._asked(request, stop, watch)
        return replace(reply, usage=reply.usage + spent, model=self.name)

    def check(self, stop: Flag) -> None:
        """Whether the endpoint answers at all, with as little as can be asked. Raises ModelError and Cancelled."""
        self._call(Ask((Message("user", "Say: ready"),), max_tokens=16), 0, stop, None)

    # How it is asked

    @property
    def _ability(self) -> Ability:
        return self._abilities.of(*self._place)

    def _asked(self, request: ModelRequest, stop: Flag, watch: ModelWatch | None) -> ModelReply:
        # Endpoints that count what a reply may take against the context refuse more than is left of it.
        sends = estimate_tokens(request, self._sizes, self._tool_sizes)
        room = min(self.max_output_tokens, max(self.context_tokens - sends, _LEAST_TOKENS))
        if request.tools and self._ability.tools == NATIVE:
            ask = Ask(request.messages, request.tools, max_tokens=room)
            return self._call(ask, request.turn, stop, watch)
        if request.tools:
            schema = self._calls_schema(request.tools)
            ask = Ask(self._explained(request.messages, request.tools), schema=schema, max_tokens=room)
            return as_call(self._formed(ask, request.turn, stop, watch), request.turn)
        ask = Ask(request.messages, schema=request.schema, max_tokens=room)
        if request.schema is None:
            return self._call(ask, request.turn, stop, watch)
        return self._bounded(ask, request.turn, stop, watch)

    def _formed(self, ask: Ask, turn: int, stop: Flag, watch: ModelWatch | None) -> ModelReply:
        """Ask for JSON of a schema in the strictest form that is accepted; the real call is the probe."""
        forms = self._wire.forms
        known, spent = self._ability.form, Usage()
        for form in forms[forms.index(known) if known in forms else 0 :]:
            try:
                reply = self._call(_in_form(ask, form), turn, stop, watch)
            except ModelError as error:
                if error.fault is not ModelFault.REQUEST or form == forms[-1]:
                    raise
                continue
            spent += reply.usage
            if form == known or reply.finish is FinishReason.REFUSAL:
                break
            if looks_like_json(reply.text):
                self._abilities.learn(*self._place, form=form)
                break
            # Accepted and not kept to: some endpoints overlook what they do not know.
        return replace(reply, usage=spent)

    def _bounded(self, ask: Ask, turn: int, stop: Flag, watch: ModelWatch | None) -> ModelReply:
        """JSON that broke off at the reply's limit is of no use; a model that does not stop by itself is asked again,
        and from then on, for an answer that fits."""
        spent, schema = Usage(), ask.schema or {}
        tight = replace(ask, schema=fitted(schema, int(ask.max_tokens * _CHARS_PER_TOKEN)))
        if not self._ability.bounded:
            reply = self._formed(ask, turn, stop, watch)
            if reply.finish is not FinishReason.LENGTH or not looks_like_json(reply.text):
                return reply
            self._abilities.learn(*self._place, bounded="yes")
            spent = reply.usage
        reply = self._formed(tight, turn, stop, watch)
        return replace(reply, usage=spent + reply.usage)

    def _forget(self, request: ModelRequest) -> bool:
        """Drop what was known about such requests; false when nothing was, so that nothing else can be tried."""
        known = self._ability
        if request.tools and known.tools:
            self._abilities.learn(*self._place, tools="", form="", bounded="")
            return True
        if request.schema is not None and known.form:
            self._abilities.learn(*self._place, form="")
            return True
        return False

    def _probe(self, stop: Flag) -> Usage:
        """Find out whether the model calls a tool that it is given; else it is asked for the same in a schema."""
        spent, found = Usage(), SCHEMA
        for _ in range(PROBE_TRIES):
            try:
                reply = self._call(Ask(_PROBE, (_PROBE_TOOL,), max_tokens=_PROBE_TOKENS), 0, stop, None)
            except ModelError as error:
                if error.fault not in (ModelFault.REQUEST, ModelFault.SERVER, ModelFault.REPLY):
                    raise
                # Some endpoints answer an unknown field, or a template without tools, with a fault of their own.
                if error.fault is not ModelFault.REQUEST:
                    self.check(stop)
                break
            spent += reply.usage
            if any(call.name == "report" and not call.problem and "word" in call.arguments for call in reply.calls):
                found = NATIVE
                break
        self._abilities.learn(*self._place, tools=found)
        return spent

    def _call(self, ask: Ask, turn: int, stop: Flag, watch: ModelWatch | None) -> ModelReply:
        out = Gathered(watch.text, watch.call) if watch is not None else Gathered(_unheard)
        self._lines.run(self._wire, stop, lambda line: self._wire.stream(line, ask, out))
        reply = out.reply(turn)
        return replace(reply, usage=self._counted(ask, out, reply))

    def _counted(self, ask: Ask, out: Gathered, reply: ModelReply) -> Usage:
        usage = out.usage
        if usage is None or not usage.tokens_in:
            asked = ModelRequest("", "", 0, ask.messages, ask.tools, ask.schema)
            said = text_tokens(reply.text) + sum(text_tokens(call.arguments) for call in out.calls.values())
            usage = Usage(estimate_tokens(asked, self._sizes, self._tool_sizes), said, estimated=True)
        return replace(usage, cost_usd=self.price.cost(usage))


def _in_form(ask: Ask, form: str) -> Ask:
    """Where the endpoint is not told the schema itself, the words tell it."""
    if ask.schema is not None and form in ("object", "prompt"):
        return replace(ask, form=form, messages=with_rule(ask.messages, schema_in_words(ask.schema)))
    return replace(ask, form=form)


def _unheard(delta: str) -> None:
    """Nobody listens."""
