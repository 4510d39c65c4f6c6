"""`engine.roles`: the roles there are, changing them, trust in those of repositories, and the dry run."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.vocabulary.access import Guarded
from engine.vocabulary.errors import JournalError, Problem, RoleError
from engine.vocabulary.events import ACCOUNT, EventKind, Fact
from engine.vocabulary.roles import RoleSource
from engine.vocabulary.text import lines_of, nearest, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from engine.facade.core import Core
    from engine.storage.role_files import RoleFiles
    from engine.vocabulary.actions import Action, ActionClass
    from engine.vocabulary.requests import RoleEntry, RoleText
    from engine.vocabulary.role_forms import RolePreview, Trial
    from engine.vocabulary.roles import Role, Thresholds
    from engine.vocabulary.verdicts import Verdict

_USER = RoleSource.USER

Stamp: TypeAlias = "tuple[tuple[str, int, int, int], ...]"
"""What files look like from outside; only good for comparing with another."""


class Roles:
    """Starter, user and project roles. Nothing is kept between two calls: the files are the truth."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def list(self, workspace: Path | None = None) -> tuple[RoleEntry, ...]:
        """All roles by name; broken, untrusted and hidden ones say so."""
        return self._core.adapters.library.list(workspace)

    def entry(self, name: str, workspace: Path | None = None) -> RoleEntry:
        """What stands for a name, also when it is untrusted or broken. Raises RoleError with the nearest name."""
        return self._core.adapters.library.entry(name, workspace)

    def get(self, name: str, workspace: Path | None = None) -> Role:
        """The role that may be used under that name. Raises RoleError with the nearest name."""
        return self._core.adapters.library.get(name, workspace)

    def text(self, name: str, workspace: Path | None = None, *, source: RoleSource | None = None) -> RoleText:
        """The file behind a name as it is written; of one source where it is given. Raises RoleError."""
        return self._core.adapters.library.text(name, workspace, source=source)

    def stamp(self, workspace: Path | None = None) -> Stamp:
        """Another value whenever a role's file or the record of trust was changed, by whomever. Cheap: nothing is
        read."""
        trusted = self._core.home.trusted
        record = ((str(trusted), *_state_of(trusted)),)
        return (*self._core.adapters.library.stamp(workspace), *record)

    def validate(self, path: Path) -> tuple[Problem, ...]:
        """What is wrong with a role file; nothing when it can be used."""
        from engine.roles.profile import validate

        return validate(path)

    def test(self, role: Role, action: Action, confidence: float = 1.0) -> Verdict:
        """What the gate would say; the same function that decides at run time."""
        from engine.governance.gate import decide_action

        return decide_action(role, action, confidence)

    def phrases(self) -> tuple[tuple[ActionClass, str], ...]:
        """Every action class with words that complete "the role may …", the harmless first."""
        from engine.governance.classes import CLASSES

        return tuple((action, entry.phrase) for action, entry in CLASSES.items())

    def thresholds(self, name: str, workspace: Path | None = None) -> Thresholds:
        """The confidence thresholds that count: the role's own, shifted by its tolerance for risk. Raises RoleError."""
        from engine.governance.gate import thresholds_of

        return thresholds_of(self.get(name, workspace))

    def typical(self, role: Role, confidence: float = 1.0) -> tuple[Trial, ...]:
        """What the gate would say to typical actions."""
        from engine.roles.typical import trials_of

        return trials_of(role, confidence)

    def trust(self, name: str, workspace: Path, *, secret: str, content: str = "") -> RoleEntry:
        """Trust a role of the repository exactly as its file is now; any change takes that back. `content` is the
        SHA-256 of what the person has seen: RoleError when the file is another by now. Raises AuthError and Locked,
        RoleError (none of that name, broken, or the name belongs to a role of the user's)."""
        found = self._trustable(name, workspace, content)
        if found.trusted:
            return found
        self._core.authoriser.authorise(Guarded.TRUST_ROLE, secret)
        # What is trusted is what was looked at before the secret, whatever stands in the file by now.
        written = self._core.adapters.library.text(name, workspace, source=RoleSource.PROJECT)
        if written.content == found.content:
            self._core.adapters.blobs.put(written.text.encode("utf-8"))
        now = self._core.clock.now().isoformat()
        self._changed(name, "trusted", found.content)
        self._core.adapters.trusted.add(found.content, name=name, path=found.path, at=now)
        return self._core.adapters.library.entry(name, workspace, source=RoleSource.PROJECT)

    def untrust(self, name: str, workspace: Path) -> int:
        """Take the trust in a role of this repository back, in its content now and in any earlier one; how many
        contents that were. Giving up rights asks for no secret."""
        files = self._core.adapters.library.list(workspace)
        contents = {e.content for e in files if e.source is RoleSource.PROJECT and e.name == name}
        paths = {e.path for e in files if e.source is RoleSource.PROJECT and e.name == name}
        self._changed(name, "untrusted", "")
        return self._core.adapters.trusted.remove(
            lambda content, named, path: content in contents or (named == name and path in paths)
        )

    def since_trusted(self, name: str, workspace: Path) -> str:
        """What changed in a role of the repository since the user trusted it, as a unified diff; empty when nothing
        did, it was never trusted, or the text of then is not kept. Raises RoleError."""
        from difflib import unified_diff

        library, adapters = self._core.adapters.library, self._core.adapters
        found = library.text(name, workspace, source=RoleSource.PROJECT)
        before = adapters.trusted.latest(name, found.path)
        if before in ("", found.content):
            return ""
        try:
            old = adapters.blobs.get(before).decode("utf-8", "replace")
        except JournalError:
            return ""
        return "\n".join(unified_diff(lines_of(old), lines_of(found.text), "trusted", "now", lineterm=""))

    def preview(self, name: str, text: str, *, confidence: float = 1.0) -> RolePreview:
        """What this text would be as the user's file of that name: its form, its faults, and what the gate would say to
        typical actions. Nothing is written; never raises for a text that is wrong."""
        from engine.roles.form import fields_of
        from engine.vocabulary.role_forms import RolePreview

        try:
            role = self.check(name, text)
        except RoleError as error:
            problems = error.problems or (Problem(error.message, hint=error.hint),)
            return RolePreview(text, problems, fields_of(text))
        return RolePreview(text, (), fields_of(text), role, self.typical(role, confidence))

    def with_words(self, text: str, key: str, words: str) -> str:
        """The text of a role file after a person typed these words for a field of its form. Raises RoleError for words
        that mean nothing there."""
        from engine.roles.form import with_words

        return with_words(text, key, words)

    def check(self, name: str, text: str) -> Role:
        """The role that this text would be as the user's file of that name. Raises RoleError with every problem."""
        from engine.roles.profile import parse_role

        return parse_role(text, self._core.home.roles / f"{name}.yaml")

    def value_of(self, field: str, words: str) -> Any:
        """What a person typed for a field as a plain value. Raises RoleError: an unknown field, words that are none."""
        from engine.roles.editing import value_of

        return value_of(field, words)

    def entries_of(
        self,
        name: str,
        field: str,
        *,
        more: Sequence[Any] = (),
        less: Sequence[Any] = (),
        workspace: Path | None = None,
    ) -> tuple[Any, ...]:
        """The entries of a list field of a role with some more and some less, for `edit`. Raises RoleError."""
        from engine.roles.editing import more_and_less

        return tuple(more_and_less(self._core.adapters.library.text(name, workspace).text, field, more, less))

    def draft(
        self, name: str, *, base: str = "", fields: Mapping[str, Any] | None = None, workspace: Path | None = None
    ) -> str:
        """The text of a new role: that of `base` (the configured default where empty) with the name and the fields
        changed, its comments kept; patterns of the base that a narrower scope leaves nothing of go. Nothing is written
        or checked. Raises RoleError: no such base, an unknown field."""
        from engine.roles.editing import with_field, within_scope

        library = self._core.adapters.library
        role = library.get(base or self._core.adapters.read_settings().default_role, workspace)
        text = library.text(role.name, workspace).text
        for field, value in {"name": name, **(fields or {})}.items():
            text = with_field(text, field, value)
        return within_scope(text) if isinstance((fields or {}).get("scope"), list) else text

    def edited(self, name: str, field: str, value: Any, workspace: Path | None = None) -> RoleText:
        """The file of a user's role or a starter with one field at a plain value, None to leave it out; nothing is
        written. Raises RoleError: unknown role or field, or a role of the repository."""
        from engine.roles.editing import with_field

        before = self._core.adapters.library.text(name, workspace)
        if before.source is RoleSource.PROJECT:
            raise RoleError(
                f"the role {visible(name)} belongs to the repository",
                f"edit {visible(before.path)} by hand, or make your own of it: orion role create --from "
                f"{visible(name)} --name NAME",
                path=before.path,
            )
        if field == "name":
            raise RoleError(
                "a role's name is that of its file", f"orion role create --from {visible(name)} --name NAME"
            )
        return replace(before, text=with_field(before.text, field, value))

    def save(self, name: str, text: str, *, secret: str, expected: str = "") -> RoleEntry:
        """Write the user's role of that name, whole or not at all. `expected` is the SHA-256 of the user's file that it
        replaces, empty when there must be none. Raises RoleError with every problem, UsageError (another file stands
        there by now), AuthError and Locked."""
        self.check(name, text)
        files = self._files()
        files.expect(name, expected)
        self._core.authoriser.authorise(Guarded.CHANGE_ROLE, secret)
        data = text.encode("utf-8")
        self._changed(name, "edited" if expected else "created", hashlib.sha256(data).hexdigest())
        files.write(name, data, expected)
        return self._core.adapters.library.entry(name, source=RoleSource.USER)

    def create(
        self,
        name: str,
        *,
        secret: str,
        base: str = "",
        fields: Mapping[str, Any] | None = None,
        workspace: Path | None = None,
    ) -> RoleEntry:
        """A new role of the user's; see `draft` and `save`. A name that a starter or another of the user's has is
        refused."""
        self.free(name)
        return self.save(name, self.draft(name, base=base, fields=fields, workspace=workspace), secret=secret)

    def edit(self, name: str, field: str, value: Any, *, secret: str, workspace: Path | None = None) -> RoleEntry:
        """Change one field of a role; a starter is copied into the user's folder. See `edited` and `save`."""
        made = self.edited(name, field, value, workspace)
        return self.save(name, made.text, secret=secret, expected=made.content if made.source is _USER else "")

    def delete(self, name: str, *, secret: str) -> None:
        """Remove a role of the user's; a starter of that name counts again. Raises RoleError (a starter, unknown),
        AuthError and Locked."""
        found = self.deletable(name)
        self._core.authoriser.authorise(Guarded.CHANGE_ROLE, secret)
        self._changed(name, "deleted", "")
        self._files().remove(name, found.content)

    def free(self, name: str) -> None:
        """Raises RoleError when a starter or a role of the user's has the name already."""
        taken = next((entry for entry in self.list() if entry.name == name), None)
        if taken is not None:
            whose = "a role of yours" if taken.source is _USER else "a shipped role"
            raise RoleError(
                f"{whose} is called {visible(name)} already",
                f"choose another name, or change that one: orion role edit {visible(name)} FIELD VALUE",
                path=taken.path,
            )

    def deletable(self, name: str) -> RoleEntry:
        """The user's file of that name. Raises RoleError: a starter is protected, a project's role is not Orion's."""
        entries = [entry for entry in self.list() if entry.name == name]
        mine = next((entry for entry in entries if entry.source is _USER), None)
        if mine is not None:
            return mine
        if entries:
            raise RoleError(
                f"{visible(name)} ships with Orion and cannot be deleted", "a role of yours of that name would hide it"
            )
        known = [entry.name for entry in self.list() if entry.source is _USER]
        raise RoleError(
            f"there is no role {visible(name)!r} of yours", nearest(name, known) if known else "see: orion role list"
        )

    def _changed(self, name: str, change: str, content: str) -> None:
        # Written before the change itself: what is acknowledged is always known, what is known may not have happened.
        data = {"role": name, "change": change, "content": content}
        self._core.journal.append(ACCOUNT, [Fact(EventKind.ROLE_CHANGED, data)])

    def _files(self) -> RoleFiles:
        from engine.storage.role_files import RoleFiles

        return RoleFiles(self._core.home.roles)

    def _trustable(self, name: str, workspace: Path, content: str) -> RoleEntry:
        found = self._core.adapters.library.entry(name, workspace, source=RoleSource.PROJECT)
        if found.role is None:
            raise RoleError(
                f"the role {visible(name)} is broken, so it cannot be trusted: {found.problems[0].message}",
                f"see: orion role validate {visible(found.path)}",
                problems=found.problems,
                path=found.path,
            )
        if found.hidden_by is not None:
            whose = "a role of yours has" if found.hidden_by is RoleSource.USER else "a shipped role has"
            raise RoleError(
                f"{whose} the name {visible(name)}, and a repository's role never takes its place",
                f"rename {visible(found.path)} and the name in it, or copy it under another name into "
                f"{self._core.home.roles}",
                path=found.path,
            )
        if content and content != found.content:
            raise RoleError(
                f"the file of the role {visible(name)} is not the one that was shown", "read it again", path=found.path
            )
        return found


def _state_of(path: Path) -> tuple[int, int, int]:
    try:
        state = path.stat()
    except OSError:
        return 0, 0, 0
    return state.st_ino, state.st_size, state.st_ctime_ns
