"""The interview for a new role: one question a step, each with an answer that is there already."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.vocabulary.actions import ActionClass
from engine.vocabulary.role_forms import LISTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from engine.vocabulary.roles import Role

STEPS = ("purpose", "base", *LISTED, "scope", "name")
QUESTIONS: Mapping[str, tuple[str, str]] = {
    "purpose": (
        "What is it for?",
        "A sentence, such as: keeps the documentation in step. Empty: as the role it is made of.",
    ),
    "base": ("Which role is nearest to it?", "It begins as a copy of that one, with its comments."),
    "alone": ("What may it do alone?", "Marked is done without asking. space marks, enter goes on."),
    "asks": ("What waits for your yes?", "Marked is parked until you decide. space marks, enter goes on."),
    "never": ("What must it never do?", "Marked is refused, no approval lifts it. What stays unmarked asks, too."),
    "scope": ("Where may it change something?", "Paths of the workspace, separated by commas: src/**, tests/**, *.md."),
    "name": ("What is it called?", "Small letters, digits and hyphens; the name of its file, too."),
}
_STEM = 3
_SMALL = frozenset(("and", "the", "for", "with", "that", "this", "from", "into", "its", "our", "keep", "keeps"))


@dataclass(frozen=True, slots=True)
class Interview:
    """The answers so far. `lists` has, for each action class, `alone`, `asks`, `never` or nothing; `begun` the same as
    the base has it, so that only what differs is written."""

    step: int = 0
    purpose: str = ""
    base: str = ""
    begun: Mapping[ActionClass, str] = field(default_factory=dict)
    lists: Mapping[ActionClass, str] = field(default_factory=dict)
    scope: str = ""
    name: str = ""

    @property
    def asked(self) -> str:
        """The name of the present step."""
        return STEPS[self.step]

    @property
    def is_last(self) -> bool:
        return self.step == len(STEPS) - 1

    def further(self) -> Interview:
        return replace(self, step=min(self.step + 1, len(STEPS) - 1))

    def back(self) -> Interview:
        return replace(self, step=max(self.step - 1, 0))

    def on(self, role: Role, order: Iterable[ActionClass]) -> Interview:
        """Begin from that role, the action classes in this order; answers that rest on another one are forgotten."""
        if role.name == self.base:
            return self
        words = listed(role)
        begun = {action: words[action] for action in order}
        return replace(self, base=role.name, begun=begun, lists=dict(begun), scope=", ".join(role.scope))

    def offered(self) -> tuple[ActionClass, ...]:
        """The action classes that the present step is about: those that an earlier list has not taken."""
        taken = LISTED[: LISTED.index(self.asked)]
        return tuple(action for action in self.lists if self.lists[action] not in taken)

    def mark(self, action: ActionClass) -> Interview:
        """The action into the list of this step, or out of it: then it is where the base has it, if that is later."""
        word = self.asked
        later = LISTED[LISTED.index(word) + 1 :]
        out = self.begun[action] if self.begun[action] in later else ""
        return replace(self, lists={**self.lists, action: out if self.lists[action] == word else word})

    def moved(self) -> dict[ActionClass, str]:
        """The action classes whose list is another than the base's."""
        return {action: word for action, word in self.lists.items() if word != self.begun[action]}


def listed(role: Role) -> dict[ActionClass, str]:
    """For each action class the list that names it, the strictest when several do; nothing when none does."""
    found = dict.fromkeys(ActionClass, "")
    lists = (role.authority.autonomous, role.authority.requires_approval, role.authority.forbidden)
    for word, rules in zip(LISTED, lists, strict=True):
        for rule in rules:
            found[rule.action] = word
    return found


def nearest_role(purpose: str, roles: Sequence[Role], otherwise: str) -> str:
    """The role whose own words have most in common with what the new one is for; a word that all roles have says
    little."""
    own = {role.name: _stems(_words_of(role)) for role in roles}
    said = set(_stems(purpose))

    def common(name: str) -> float:
        having = {stem: sum(stem in stems for stems in own.values()) for stem in said}
        return sum(own[name].count(stem) / having[stem] for stem in said if having[stem])

    best = max(own, key=lambda name: (common(name), name == otherwise), default=otherwise)
    return best if best in own and common(best) else otherwise


def _words_of(role: Role) -> str:
    return " ".join((role.name, role.display_name, role.description, *role.competencies))


def proposed_name(purpose: str, base: str, taken: Iterable[str]) -> str:
    """A free name in kebab-case out of what the role is for."""
    words = [word for word in re.findall(r"[a-z][a-z0-9]*", purpose.casefold()) if word not in _SMALL][:3]
    name = "-".join(words)[:40].strip("-") or f"my-{base}"
    known = set(taken)
    return next(made for made in (name, *(f"{name}-{n}" for n in range(2, 1000))) if made not in known)


def _stems(text: str) -> list[str]:
    words = re.findall(r"[a-z]+", text.casefold())
    return [word[:_STEM] for word in words if len(word) > 2 and word not in _SMALL]
