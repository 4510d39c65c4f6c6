"""What the wizard of the first run knows and says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a home is set up. `is_new` when nobody ever did anything in it; `finished` when the wizard was gone
    through once. `role` is the default role that was chosen, `method` pin or totp; both empty while they were not."""

    is_new: bool
    finished: bool
    role: str
    method: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What to try first here: a command to type, and `goal` or `playbook` to fill in with; `why` in a sentence."""

    command: str
    why: str
    goal: str = ""
    playbook: str = ""
