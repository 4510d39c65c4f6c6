"""The one table of what a person can do. Key bindings, footer, command palette and help are all made from it.

A row names its conditions (`needs`); a screen says which of them hold (`OrionScreen.facts`). A key whose condition
does not hold answers with the condition's sentence instead of doing nothing. Several rows may share a key on one
screen when their conditions exclude each other (pause and resume).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.binding import Binding, BindingType

from engine.vocabulary.keymaps import KEY_PATTERN, KnownAct
from orion_tui.acts.act import EVERYWHERE, Act
from orion_tui.acts.house import HOUSE
from orion_tui.acts.needs import NEEDS
from orion_tui.acts.review import REVIEW
from orion_tui.acts.roles import ROLES
from orion_tui.acts.work import WORK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ACTS: tuple[Act, ...] = (*WORK, *REVIEW, *ROLES, *HOUSE)


def known_acts() -> tuple[KnownAct, ...]:
    """What may be given another key, for whoever checks a configuration. A second key of something is none of its
    own."""
    return tuple(KnownAct(act.id, act.shown_key, act.screens) for act in ACTS if re.match(KEY_PATTERN, act.shown_key))


def with_keys(keys: Mapping[str, str]) -> tuple[Act, ...]:
    """The table with a person's own keys, by the names of actions; names that there are not are left alone."""
    return tuple(replace(act, key=keys[act.id]) if act.id in keys else act for act in ACTS) if keys else ACTS


def acts_for(screen: str, acts: Iterable[Act] = ACTS) -> tuple[Act, ...]:
    """The acts of one screen in the order of the table, those of every screen included."""
    return tuple(act for act in acts if screen in act.screens or EVERYWHERE in act.screens)


def bindings_for(screen: str, acts: Iterable[Act] = ACTS) -> list[BindingType]:
    """Textual bindings of one screen: every key goes to `press`, which looks the act up again."""
    keys = {act.key: act for act in reversed(acts_for(screen, acts))}
    return [Binding(key, f"press('{key}')", act.label, show=False) for key, act in keys.items()]


def reason_off(act: Act, facts: frozenset[str]) -> str:
    """Why the act cannot be done now, or an empty string."""
    return next((NEEDS[need] for need in act.needs if need not in facts), "")


def act_for_key(screen: str, key: str, facts: frozenset[str], acts: Iterable[Act] = ACTS) -> tuple[Act | None, str]:
    """The act that a key means now, with the reason why it is off (empty when it works)."""
    candidates = [act for act in acts_for(screen, acts) if act.key == key]
    for act in candidates:
        if not reason_off(act, facts):
            return act, ""
    return (candidates[0], reason_off(candidates[0], facts)) if candidates else (None, "")


def act_named(act_id: str) -> Act:
    """The act with that id. Raises KeyError."""
    for act in ACTS:
        if act.id == act_id:
            return act
    raise KeyError(act_id)
