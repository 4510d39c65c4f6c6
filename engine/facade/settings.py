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

    def write(self, key: str, words: str | None) -> None:
        """Write one value, given as YAML, its comments and neighbours as they were; None takes the key out. Raises
        ConfigError, and nothing is written, when the file would not be valid."""
        from engine.documents import parse_document

        self._write(key, None if words is None else parse_document(words, "the value", {}).data)

    def _write(self, key: str, value: Any) -> None:
        from engine.roles.splicing import dumped, remove_value, set_value
        from engine.storage.files import write_private
        from engine.storage.settings import parse_settings, says_nothing

        path, keys = self.path(), key.split(".")
        if not all(keys):
            raise UsageError(f"{key!r} is not the name of a setting", "see: orion settings get")
        before = path.read_text("utf-8") if path.exists() else ""
        if not says_nothing(before):
            after = remove_value(before, keys) if value is None else set_value(before, keys, value)
        elif value is None:
            return
        else:
            plain: Any = value
            for part in reversed(keys[1:]):
                plain = {part: plain}
            after = f"{before}{'' if before.endswith((chr(10), '')) else chr(10)}{keys[0]}: {dumped(plain)}\n"
        self._check(parse_settings(after, path))
        write_private(path, after.encode())

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
