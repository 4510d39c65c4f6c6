"""How many tokens a text will be, before anybody counted them: for budgets, and for endpoints that do not say.

No tokenizer is asked: each model has its own, and the question comes before the model does. docs/models.md says how far
off the estimate is, measured against a real count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.vocabulary.models import Message, ModelRequest

BYTES_PER_TOKEN = 3.3
MESSAGE_TOKENS = 6
"""What a wire adds to each message: its role and its marks."""


def text_tokens(text: str) -> int:
    """An estimate for one text; never 0 for one that says something."""
    return -(-len(text.encode("utf-8", "surrogatepass")) * 10 // int(BYTES_PER_TOKEN * 10))


def message_tokens(message: Message) -> int:
    """An estimate for one message with its calls."""
    calls = sum(text_tokens(call.name) + text_tokens(json.dumps(dict(call.arguments))) for call in message.calls)
    return MESSAGE_TOKENS + text_tokens(message.text) + calls


def estimate_tokens(request: ModelRequest) -> int:
    """An estimate for all that a request sends: messages, tools and the schema asked for."""
    extra = [json.dumps(dict(tool)) for tool in request.tools]
    if request.schema is not None:
        extra.append(json.dumps(dict(request.schema)))
    return sum(map(message_tokens, request.messages)) + sum(map(text_tokens, extra))
