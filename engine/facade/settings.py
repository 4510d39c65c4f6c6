"""`engine.settings`: the configuration file, one value of it changed, and the tool chains that a repository needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.vocabulary.errors import ConfigError, OrionError, Problem, UsageError
from engine.vocabulary.setting_forms import SettingsPreview, SettingsText

if TYPE_CHECKING:
    from pathlib import Path

    from engine.facade.core import Core
    from engine.vocabulary.requests import ToolchainProposal
    from engine.vocabulary.settings import Settings
    from engine.vocabulary.workspaces import WorkspaceInfo


class SettingsFace:
    """The configuration file."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def get(self) -> Settings:
        """Raises ConfigError that names line and field."""
        return self._core.adapters.read_settings()

    def path(self) -> Path:
        return self._core.home.config

    def text(self) -> str:
        """The file as it stands; where there is none, the example with comments, which reads as the defaults. Raises
        ConfigError."""
        from engine.documents import read_bytes
        from engine.storage.settings import example_settings

        path = self.path()
        return read_bytes(path).decode("utf-8", "replace") if path.exists() else example_settings()

    def write(self, key: str, words: str | None, *, secret: str | None = None) -> None:
        """Write one value, given as YAML, its comments and neighbours as they were; None takes the key out. Raises
        ConfigError, and nothing is written, when the file would not be valid; AuthError or Locked for a change that
        needs the second factor."""
        self.save(self.with_value(key, words), secret=secret)

    def with_value(self, key: str, words: str | None) -> str:
        """The file's text with that value; nothing is written. Raises ConfigError for words that are no YAML."""
        from engine.documents import parse_document
        from engine.storage.settings_form import path_of

        keys = path_of(key)
        if not all(keys):
            raise UsageError(f"{key!r} is not the name of a setting", "see: orion settings get")
        before = self.read().text
        return _with(before, keys, None if words is None else parse_document(words, "the value", {}).data)

    def weakens(self, text: str) -> tuple[str, ...]:
        """What of this text needs the second factor, by name (see `GUARDED`). Raises ConfigError for a text that is not
        valid, with line and field."""
        from engine.storage.settings import parse_settings
        from engine.vocabulary.guarded_settings import weakened

        return weakened(self._before(), parse_settings(text, self.path(), self._core.acts()))

    def read(self) -> SettingsText:
        """The file as it stands, empty where there is none. Raises ConfigError."""
        from engine.documents import read_bytes

        path = self.path()
        data = read_bytes(path) if path.exists() else b""
        return SettingsText(data.decode("utf-8", "replace"), _digest(data), str(path))

    def stamp(self) -> tuple[tuple[str, int, int, int], ...]:
        """Another value whenever the file was changed, by whomever. Cheap: nothing is read."""
        try:
            state = self.path().stat()
        except OSError:
            return ()
        return ((str(self.path()), state.st_mtime_ns, state.st_size, state.st_ino),)

    def preview(self, text: str) -> SettingsPreview:
        """What this text would be as the file: its form, its faults, and what of it needs the second factor. Nothing is
        written; never raises for a text that is wrong."""
        from engine.storage.settings import parse_settings
        from engine.storage.settings_form import fields_of
        from engine.vocabulary.guarded_settings import weakened

        acts = self._core.acts()
        fields = fields_of(text, acts)
        try:
            settings = parse_settings(text, self.path(), acts)
            self._check(settings)
        except ConfigError as error:
            problems = error.problems or (Problem(error.message, hint=error.hint),)
            return SettingsPreview(text, problems, fields)
        except OrionError as error:
            return SettingsPreview(text, (Problem(error.message, hint=error.hint),), fields)
        return SettingsPreview(text, (), fields, settings, weakened(self._before(), settings))

    def with_words(self, text: str, key: str, words: str) -> str:
        """The text after a person typed these words for a field of the form; empty words leave it out. Raises
        ConfigError for words that mean nothing there."""
        from engine.storage.settings_form import path_of, value_of

        return _with(text, path_of(key), value_of(key, words) if words.strip() else None)

    def save(self, text: str, *, secret: str | None = None, expected: str | None = None) -> tuple[str, ...]:
        """Write the whole file; the names of what changed by it. `expected` is the SHA-256 of the file that it replaces
        (see `SettingsText`), None for whatever is there. Raises ConfigError, and nothing is written, when it is not
        valid; UsageError when another file stands there by now; AuthError or Locked where it needs the second
        factor."""
        from engine.storage.files import write_private
        from engine.storage.settings import parse_settings
        from engine.vocabulary.events import ACCOUNT, EventKind, Fact
        from engine.vocabulary.guarded_settings import changed

        before, after = self._before(), parse_settings(text, self.path(), self._core.acts())
        self._check(after)
        self._expect(expected)
        # Before a first PIN or code is set there is nothing to ask for, and nothing can be promoted.
        if self._core.adapters.authenticator.method():
            self._authorise(self.weakens(text), secret)
        fields = changed(before, after)
        if fields:
            data: dict[str, Any] = {"fields": list(fields)}
            if "auth.window_s" in fields:
                data["window_s"] = after.auth_window_s
            self._core.journal.append(ACCOUNT, [Fact(EventKind.SETTING_CHANGED, data)])
        self._expect(expected)
        write_private(self.path(), text.encode())
        return fields

    def _authorise(self, laxer: tuple[str, ...], secret: str | None) -> None:
        from engine.vocabulary.access import Guarded
        from engine.vocabulary.guarded_settings import DESTINATIONS

        whats = [Guarded.CHANGE_SETTING] if set(laxer) - {DESTINATIONS} else []
        whats += [Guarded.CHANGE_DESTINATION] if DESTINATIONS in laxer else []
        if whats:
            self._core.authoriser.authorise(whats[0], secret)
        for what in whats[1:]:
            # A code is good once, and it was given for all of it.
            with self._core.authoriser.noted(what):
                pass

    def _expect(self, expected: str | None) -> None:
        if expected is not None and self.read().content != expected:
            raise UsageError("the configuration was changed on disk meanwhile", "read it again; nothing was written")

    def _before(self) -> Settings:
        """What counts now; where the file is broken, the defaults."""
        from engine.vocabulary.settings import Settings

        try:
            return replace(self.get(), auth_window_s=self._core.window_s())
        except ConfigError:
            return Settings()

    def toolchains(self, workspace: Path) -> tuple[ToolchainProposal, ...]:
        """What the repository's committed manifests need and where this machine has it; nothing is taken from it
        unasked. Raises WorkspaceError."""
        return proposed(self._core, self._core.adapters.users.inspect(workspace))

    def _check(self, settings: Settings) -> None:
        """What only the machine knows: folders that may not enter a sandbox."""
        self._core.adapters.toolchains(settings.sandbox.toolchains)


def _digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest() if data else ""


def _with(before: str, keys: list[str], value: Any) -> str:
    """A configuration's text with that value, or without it when it is None."""
    from engine.roles.splicing import dumped, remove_value, set_value
    from engine.storage.settings import says_nothing

    if not says_nothing(before):
        return remove_value(before, keys) if value is None else set_value(before, keys, value)
    if value is None:
        return before
    plain: Any = value
    for part in reversed(keys[1:]):
        plain = {part: plain}
    return f"{before}{'' if before.endswith((chr(10), '')) else chr(10)}{keys[0]}: {dumped(plain)}\n"


def proposed(core: Core, workspace: WorkspaceInfo, prefer: str = "") -> tuple[ToolchainProposal, ...]:
    """The same for a workspace that was looked at already and the kind of sandbox that is preferred, the configured one
    when it is empty."""
    from engine.sandboxes.proposals import proposals
    from engine.sandboxes.registry import choose

    paths = core.adapters.users.committed(workspace.root, workspace.head).sizes
    try:
        sandbox = choose(prefer or core.adapters.read_settings().sandbox.prefer, core.adapters.providers).probe()
    except OrionError:
        sandbox = None  # there is none to be had yet, and somebody else says so
    return proposals(paths, workspace.root, _configured(core), orion_home=core.home.root, sandbox=sandbox)


def command_for(core: Core, found: tuple[ToolchainProposal, ...]) -> str:
    """The command that takes what was proposed, empty when there is nothing to take."""
    from engine.roles.splicing import dumped

    new = [str(folder) for proposal in found for folder in proposal.folders]
    if not new:
        return ""
    folders = [str(chain) for chain in _configured(core)] + new
    return f"orion settings set sandbox.toolchains '{dumped(list(dict.fromkeys(folders)))}'"


def _configured(core: Core) -> tuple[Path, ...]:
    try:
        return core.adapters.toolchains(core.adapters.read_settings().sandbox.toolchains)
    except (ConfigError, OrionError):
        return ()
