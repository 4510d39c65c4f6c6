"""Why a session stopped by itself, in words: the journal and `--json` keep the short names."""

from __future__ import annotations

from engine.vocabulary.sessions import LIMIT_REASONS

_WORDS = {
    "confidence_collapse": "three tasks in a row were below 50% confidence",
    "failures_in_a_row": "five tasks in a row failed",
}


def reason_words(reason: str) -> str:
    """A sentence for a short name, anything else as it is."""
    if reason not in LIMIT_REASONS:
        return _WORDS.get(reason, reason)
    *of_task, kind, _ = reason.split("_")
    return f"{'a task is' if of_task else 'it is'} at its {kind} limit"
