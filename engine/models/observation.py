"""What a model had seen when it answered, as one number: a recording fits only where the world looks the same."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from engine.governance.secrets import redact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.vocabulary.models import Message

_UNITS = r"(?:milliseconds?|microseconds?|seconds?|minutes?|hours?|secs?|mins?|hrs?|ms|us|µs|s|m|h)"
_DURATION = re.compile(rf"(?<![\w.])\d+(?:[.,]\d+)?\s?{_UNITS}(?![\w.]*\w)")
_CLOCK = re.compile(r"(?<![\w:.])\d{1,2}:\d{2}:\d{2}(?:\.\d+)?(?![\w:])")
_RULE = re.compile(r"([=\-_])\1{3,}")


def observation_digest(messages: Sequence[Message]) -> str:
    """SHA-256 (hex) over the last message that is not the model's own (a tool's answer or a person's text),
    normalised: durations (`0.002s`, `1.2 s`, `0:00:01`), the length of drawn rules and trailing spaces do not matter.
    Secrets are cut down first, as they are in the recorded replies: a command that repeats one fits its replay, which
    repeats what is left of it. Without such a message it is the digest of nothing."""
    last = next((message for message in reversed(messages) if message.role in ("tool", "user")), None)
    text = normalised(redact(last.text)) if last else ""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def normalised(text: str) -> str:
    """The text with everything that differs from run to run taken out."""
    text = _CLOCK.sub("<time>", _DURATION.sub("<time>", text))
    lines = [_RULE.sub(r"\1\1\1", line).rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    return "\n".join(lines).strip("\n")
