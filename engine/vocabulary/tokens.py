"""How many tokens a text will be, before anybody counted them: for budgets, and for endpoints that do not say.

No tokenizer is asked: each model has its own, and the question comes before the model does. docs/models.md says how far
off the estimate is, measured against a real count."""

from __future__ import annotations

import json
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.vocabulary.models import Message, ModelRequest

BYTES_PER_TOKEN = 3.3
MESSAGE_TOKENS = 6
"""What a wire adds to each message: its role and its marks."""


_DIGITS = b"0123456789"
_FOREIGN = bytes(range(128, 256))
_BYTES_PER_DIGIT_TOKEN = 1.3
_BYTES_PER_FOREIGN_TOKEN = 2.0
"""Of what is written in other letters than English ones, in UTF-8."""

UNCOUNTED = 1.5
"""How many times its estimate a call may take, for budgets, before the endpoint has counted one of the same kind."""


def text_tokens(text: str) -> int:
    """An estimate for one text; never 0 for one that says something. Digits and letters beyond ASCII take more tokens
    for their bytes than English does."""
    data = text.encode("utf-8", "surrogatepass")
    digits = len(data) - len(data.translate(None, _DIGITS))
    foreign = 0 if text.isascii() else len(data) - len(data.translate(None, _FOREIGN))
    plain = len(data) - digits - foreign
    return ceil(plain / BYTES_PER_TOKEN + digits / _BYTES_PER_DIGIT_TOKEN + foreign / _BYTES_PER_FOREIGN_TOKEN)


def message_tokens(message: Message) -> int:
    """An estimate for one message with its calls."""
    calls = sum(text_tokens(call.name) + text_tokens(json.dumps(dict(call.arguments))) for call in message.calls)
    return MESSAGE_TOKENS + text_tokens(message.text) + calls


def tools_tokens(tools: tuple[Mapping[str, Any], ...]) -> int:
    """An estimate for the descriptions of tools."""
    return sum(text_tokens(json.dumps(dict(tool))) for tool in tools)


def messages_tokens(messages: tuple[Message, ...]) -> int:
    """An estimate for messages with their calls."""
    return sum(map(message_tokens, messages))


def estimate_tokens(
    request: ModelRequest,
    sizes: Callable[[tuple[Message, ...]], int] = messages_tokens,
    tool_sizes: Callable[[tuple[Mapping[str, Any], ...]], int] = tools_tokens,
) -> int:
    """An estimate for all that a request sends: messages, tools and the schema asked for. `sizes` and `tool_sizes` may
    remember what `messages_tokens` and `tools_tokens` said."""
    shape = text_tokens(json.dumps(dict(request.schema))) if request.schema is not None else 0
    return sizes(request.messages) + tool_sizes(request.tools) + shape
