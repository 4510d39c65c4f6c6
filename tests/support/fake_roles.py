"""Roles in memory for pictures: real forms, real gate, invented places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from engine.governance.classes import CLASSES
from engine.roles.editing import value_of, with_field
from engine.roles.form import fields_of, with_words
from engine.roles.profile import parse_role
from engine.roles.typical import trials_of
from engine.vocabulary.actions import ActionClass
from engine.vocabulary.errors import AuthError, Problem, RoleError
from engine.vocabulary.requests import RoleEntry, RoleText
from engine.vocabulary.role_forms import RolePreview
from engine.vocabulary.roles import Role, RoleSource

PIN = "428613"
SHIPPED = Path(__file__).parents[2] / "roles"
STARTERS = ("devops-engineer", "qa-engineer", "software-engineer", "technical-writer")
_FOLDERS = {
    RoleSource.STARTER: "/usr/share/orion/roles",
    RoleSource.USER: "/home/ada/.orion/roles",
    RoleSource.PROJECT: "/home/ada/shop/.orion/roles",
}


def starter(name: str) -> str:
    return (SHIPPED / f"{name}.yaml").read_text("utf-8")


class FakeRoles:
    """As `engine.roles`, over texts by source and name."""

    def __init__(self) -> None:
        self.texts: dict[tuple[RoleSource, str], str] = {(RoleSource.STARTER, name): starter(name) for name in STARTERS}
        self.trusted: set[str] = set()
        self.since: dict[str, str] = {}

    def put(self, source: RoleSource, name: str, text: str) -> None:
        self.texts[source, name] = text

    def stamp(self, workspace: Path | None = None) -> tuple[tuple[str, int, int, int], ...]:
        kept = sorted((source, name, text) for (source, name), text in self.texts.items())
        return tuple((f"{source}/{name}", 0, len(text), hash(text)) for source, name, text in kept)

    def list(self, workspace: Path | None = None) -> tuple[RoleEntry, ...]:
        return tuple(self._entry(source, name, text) for (source, name), text in sorted(self.texts.items()))

    def _entry(self, source: RoleSource, name: str, text: str) -> RoleEntry:
        path, content = f"{_FOLDERS[source]}/{name}.yaml", sha256(text.encode()).hexdigest()
        trusted = source is not RoleSource.PROJECT or content in self.trusted
        taken = [other for other in (RoleSource.USER, RoleSource.STARTER) if (other, name) in self.texts]
        hidden = taken[0] if source is RoleSource.PROJECT and taken else None
        try:
            role = parse_role(text, Path(path), source, trusted=trusted)
        except RoleError as error:
            problems = error.problems or (Problem(error.message, hint=error.hint),)
            return RoleEntry(name, source, path, None, trusted, problems, content, hidden)
        return RoleEntry(name, source, path, role, trusted, (), content, hidden)

    def text(self, name: str, workspace: Path | None = None, *, source: RoleSource | None = None) -> RoleText:
        for place in (source,) if source else tuple(RoleSource):
            if (place, name) in self.texts:
                text = self.texts[place, name]
                digest = sha256(text.encode()).hexdigest()
                return RoleText(name, text, digest, place, f"{_FOLDERS[place]}/{name}.yaml")
        raise RoleError(f"there is no role {name!r}")

    def check(self, name: str, text: str) -> Role:
        return parse_role(text, Path(f"{_FOLDERS[RoleSource.USER]}/{name}.yaml"))

    def preview(self, name: str, text: str, *, confidence: float = 1.0) -> RolePreview:
        try:
            role = self.check(name, text)
        except RoleError as error:
            problems = error.problems or (Problem(error.message, hint=error.hint),)
            return RolePreview(text, problems, fields_of(text))
        return RolePreview(text, (), fields_of(text), role, trials_of(role, confidence))

    def with_words(self, text: str, key: str, words: str) -> str:
        return with_words(text, key, words)

    def value_of(self, field: str, words: str) -> Any:
        return value_of(field, words)

    def phrases(self) -> tuple[tuple[ActionClass, str], ...]:
        return tuple((action, entry.phrase) for action, entry in CLASSES.items())

    def free(self, name: str) -> None:
        if any(taken == name for _, taken in self.texts):
            raise RoleError(f"{name} is taken already")

    def draft(
        self, name: str, *, base: str = "", fields: Mapping[str, Any] | None = None, workspace: Path | None = None
    ) -> str:
        text = self.text(base).text
        for field, value in {"name": name, **(fields or {})}.items():
            text = with_field(text, field, value)
        return text

    def save(self, name: str, text: str, *, secret: str, expected: str = "") -> RoleEntry:
        if secret != PIN:
            raise AuthError("the PIN is wrong, 2 tries left")
        self.put(RoleSource.USER, name, text)
        return self._entry(RoleSource.USER, name, text)

    def delete(self, name: str, *, secret: str) -> None:
        del self.texts[RoleSource.USER, name]

    def trust(self, name: str, workspace: Path, *, secret: str, content: str = "") -> RoleEntry:
        text = self.texts[RoleSource.PROJECT, name]
        self.trusted.add(sha256(text.encode()).hexdigest())
        return replace(self._entry(RoleSource.PROJECT, name, text), trusted=True)

    def untrust(self, name: str, workspace: Path) -> int:
        self.trusted.clear()
        return 1

    def since_trusted(self, name: str, workspace: Path) -> str:
        return self.since.get(name, "")
