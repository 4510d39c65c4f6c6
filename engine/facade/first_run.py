"""`engine.setup`: how far this home is set up, and what the wizard of the first run does in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.errors import ConfigError, OrionError, RoleError
from engine.vocabulary.events import ACCOUNT, EventKind, Fact
from engine.vocabulary.first_run import Standing, Suggestion

if TYPE_CHECKING:
    from pathlib import Path

    from engine.facade.core import Core
    from engine.vocabulary.role_forms import Trial


class Setup:
    """Each step counts when what it chose is kept (the role in the configuration, the secret in the keychain), so one
    that was left half-way leaves nothing."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def is_new(self) -> bool:
        """Whether nobody ever did anything in this home. Cheap: no keychain is asked."""
        core = self._core
        untouched = not core.home.config.exists() and not core.home.older_auth.exists()
        return untouched and not core.journal.events(ACCOUNT) and not core.journal.summaries()

    def standing(self, workspace: Path | None = None) -> Standing:
        """With a workspace a role of its own counts too, when it is trusted. Raises AuthError when the state of the
        authentication cannot be read."""
        ends = [event for event in self._core.journal.events(ACCOUNT) if event.kind is EventKind.FIRST_RUN]
        finished = any(event.data["state"] == "finished" for event in ends)
        return Standing(
            self.is_new(), finished, self._chosen_role(workspace), self._core.adapters.authenticator.method()
        )

    def choose_role(self, name: str, workspace: Path) -> None:
        """Make it the default role. Raises RoleError for one that cannot be used, ConfigError."""
        from engine.facade.settings import SettingsFace

        role = self._core.adapters.library.get(name, workspace)
        SettingsFace(self._core).write("default_role", role.name)

    def dry_run(self, name: str, workspace: Path) -> tuple[Trial, ...]:
        """Six scenarios with what the gate says to each. Raises RoleError."""
        from engine.roles.typical import scenarios_of

        return scenarios_of(self._core.adapters.library.get(name, workspace))

    def suggestion(self, workspace: Path) -> Suggestion:
        """What to try first in this folder."""
        from engine.planning.suggesting import suggest

        adapters = self._core.adapters
        try:
            found = adapters.users.inspect(workspace)
            sizes = adapters.users.committed(found.root, found.head).sizes
        except OrionError as error:
            return Suggestion("orion demo", f"{error.message}; the demonstration brings a repository of its own")
        try:
            model = bool(adapters.read_settings().models)
        except ConfigError:
            model = False
        return suggest(sizes, model=model)

    def finish(self) -> None:
        """The wizard was gone through."""
        self._end({"state": "finished"})

    def leave(self, step: str) -> None:
        """It was left at that step, to be taken up later."""
        self._end({"state": "left", "step": step})

    def _end(self, data: dict[str, str]) -> None:
        self._core.journal.append(ACCOUNT, [Fact(EventKind.FIRST_RUN, data)])

    def _chosen_role(self, workspace: Path | None) -> str:
        from engine.storage.settings import chosen_role

        try:
            name = chosen_role(self._core.home.config)
            return name if name and self._core.adapters.library.get(name, workspace) else ""
        except (ConfigError, RoleError):
            return ""
