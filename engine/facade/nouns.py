"""The smaller nouns: `engine.playbooks`, `engine.settings`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.vocabulary.errors import ConfigError, UsageError
from engine.vocabulary.requests import PlaybookEntry
from engine.vocabulary.text import nearest

if TYPE_CHECKING:
    from engine.facade.core import Core
    from engine.vocabulary.intake import Brief
    from engine.vocabulary.plans import Plan


class Playbooks:
    """Shipped playbooks and those in the user's folder."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def list(self) -> tuple[PlaybookEntry, ...]:
        """By name; a user's playbook hides a shipped one of the same name, a broken one says why."""
        files: dict[str, Path] = {}
        for folder in (self._core.adapters.shipped_playbooks, self._core.home.playbooks):
            files.update({path.stem: path for path in sorted(folder.glob("*.yaml"))})
        return tuple(_entry(name, files[name]) for name in sorted(files))

    def find(self, name: str | Path) -> Path:
        """A file, or the file of a listed name. Raises UsageError."""
        path = Path(name)
        if path.suffix or path.is_file():
            return path
        known = {entry.name: entry.path for entry in self.list()}
        if str(name) not in known:
            raise UsageError(f"there is no playbook {str(name)!r}", nearest(str(name), known))
        return known[str(name)]

    def load_plan(self, path: Path) -> Plan:
        """The plan in a file that `orion plan --json` wrote, possibly edited. Raises PlanError with line and field."""
        from engine.planning.playbook import load_plan

        return load_plan(path)

    def load_brief(self, path: Path) -> Brief | None:
        """What its goal was taken to mean, if such a file says it. Raises PlanError."""
        from engine.planning.playbook import load_brief

        return load_brief(path)


def _entry(name: str, path: Path) -> PlaybookEntry:
    from engine.planning.playbook import load_playbook

    try:
        plan = load_playbook(path)
    except ConfigError as error:
        return PlaybookEntry(name, error.message, path, 0, error.problems)
    return PlaybookEntry(name, plan.goal, path, len(plan.tasks))
