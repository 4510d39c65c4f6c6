"""`engine.settings`: the configuration file, one value of it changed, and the tool chains that a repository needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.vocabulary.errors import ConfigError, OrionError, UsageError

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

        return self._with(key, None if words is None else parse_document(words, "the value", {}).data)

    def weakens(self, text: str) -> tuple[str, ...]:
        """What of this text needs the second factor, by name (see `GUARDED`). Raises ConfigError for a text that is not
        valid, with line and field."""
        from engine.storage.settings import parse_settings
        from engine.vocabulary.guarded_settings import weakened

        return weakened(self._before(), parse_settings(text, self.path()))

    def save(self, text: str, *, secret: str | None = None) -> tuple[str, ...]:
        """Write the whole file; the names of what changed by it. Raises ConfigError, and nothing is written, when it is
        not valid; AuthError or Locked where it needs the second factor."""
        from engine.storage.files import write_private
        from engine.storage.settings import parse_settings
        from engine.vocabulary.access import Guarded
        from engine.vocabulary.events import ACCOUNT, EventKind, Fact
        from engine.vocabulary.guarded_settings import changed

        before, after = self._before(), parse_settings(text, self.path())
        self._check(after)
        # Before a first PIN or code is set there is nothing to ask for, and nothing can be promoted.
        if self.weakens(text) and self._core.adapters.authenticator.method():
            self._core.authoriser.authorise(Guarded.CHANGE_SETTING, secret)
        fields = changed(before, after)
        if fields:
            self._core.journal.append(ACCOUNT, [Fact(EventKind.SETTING_CHANGED, {"fields": list(fields)})])
        write_private(self.path(), text.encode())
        return fields

    def _before(self) -> Settings:
        """What counts now; where the file is broken, the defaults."""
        from engine.vocabulary.settings import Settings

        try:
            return self.get()
        except ConfigError:
            return Settings()

    def _with(self, key: str, value: Any) -> str:
        from engine.roles.splicing import dumped, remove_value, set_value
        from engine.storage.settings import says_nothing

        path, keys = self.path(), key.split(".")
        if not all(keys):
            raise UsageError(f"{key!r} is not the name of a setting", "see: orion settings get")
        before = path.read_text("utf-8") if path.exists() else ""
        if not says_nothing(before):
            return remove_value(before, keys) if value is None else set_value(before, keys, value)
        if value is None:
            return before
        plain: Any = value
        for part in reversed(keys[1:]):
            plain = {part: plain}
        return f"{before}{'' if before.endswith((chr(10), '')) else chr(10)}{keys[0]}: {dumped(plain)}\n"

    def toolchains(self, workspace: Path) -> tuple[ToolchainProposal, ...]:
        """What the repository's committed manifests need and where this machine has it; nothing is taken from it
        unasked. Raises WorkspaceError."""
        return proposed(self._core, self._core.adapters.users.inspect(workspace))

    def _check(self, settings: Settings) -> None:
        """What only the machine knows: folders that may not enter a sandbox."""
        self._core.adapters.toolchains(settings.sandbox.toolchains)


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
