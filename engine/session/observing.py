"""What came of an action, as a value; and how a text that is too long for a model is cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.vocabulary.runs import Outcome

EXCERPT_CHARACTERS = 2_000
ROW_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Observation:
    """What an action did: `text` for a model, `excerpt` for a screen, `output` the blob id of what a command printed in
    full. `path`, `before` and `after` name a file that was changed with digests of its contents. `restarted` when the
    sandbox is a new one since, so that the same command may end otherwise."""

    outcome: Outcome
    text: str
    exit: int | None = None
    duration_s: float = 0.0
    output: str = ""
    excerpt: str = ""
    path: str = ""
    before: str = ""
    after: str = ""
    restarted: bool = False

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.OK


def done(text: str) -> Observation:
    return Observation(Outcome.OK, text, excerpt=text[-EXCERPT_CHARACTERS:])


def failed(text: str) -> Observation:
    return Observation(Outcome.FAILED, text, excerpt=text[-EXCERPT_CHARACTERS:])


def cut_middle(text: str, most: int, remedy: str = "") -> str:
    """The text with its middle left out when it is longer than `most` characters: whole lines where there are any, and
    in their place how much is gone. `remedy` says how to see it."""
    if len(text) <= most:
        return text
    head, tail = text[: most * 2 // 5], text[-(most - most * 2 // 5) :]
    head = head[: head.rfind("\n") + 1] or head
    tail = tail[tail.find("\n") + 1 :] or tail
    gone = text[len(head) : len(text) - len(tail)]
    lines = gone.count("\n")
    what = f"{len(gone):,} characters" + (f" ({lines:,} lines)" if lines else "")
    end = "" if head.endswith("\n") else "\n"
    return f"{head}{end}[… {what} cut from the middle{remedy and '; '}{remedy} …]\n{tail}"


def for_row(value: Any) -> Any:
    """Plain data for a row of the journal, its long texts cut at the end: contents live in git and in blobs."""
    if isinstance(value, str):
        return value if len(value) <= ROW_CHARACTERS else value[:ROW_CHARACTERS] + "…"
    if isinstance(value, Mapping):
        return {key: for_row(entry) for key, entry in value.items()}
    if isinstance(value, Sequence):
        return [for_row(entry) for entry in value]
    return value
