"""One call of a model as a fact of the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.vocabulary.intake import Exchange

TEXT_IN_ROWS = 20_000


def turn_of(exchange: Exchange) -> dict[str, Any]:
    """The data of a `turn` event for a call outside a task; a text longer than a plan needs is cut."""
    reply = exchange.reply
    usage = reply.usage
    return {
        "task": "",
        "purpose": exchange.purpose,
        "turn": exchange.turn,
        "text": reply.text if len(reply.text) <= TEXT_IN_ROWS else reply.text[:TEXT_IN_ROWS] + "…",
        "calls": [],
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "cost_usd": usage.cost_usd,
        "cached_in": usage.cached_in,
        "cache_written": usage.cache_written,
        "estimated": usage.estimated,
        "finish": reply.finish.value,
        "model": reply.model,
    }
