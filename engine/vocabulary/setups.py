"""What a set-up phase leaves for the session: folders that every later command sees and none can change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from threading import Event as Flag

    from engine.vocabulary.runs import Layer

SETUP_FOLDER = "/setup"
"""Where the folder of a set-up phase is seen inside: its HOME while it runs, read-only afterwards."""


@dataclass(frozen=True, slots=True)
class FrozenSetup:
    """`layers` are mounted read-only; `programs` come first on the PATH; `environment` tells tools where their caches
    are. `size` is in bytes; `folders` names what stands in the tree."""

    key: str
    layers: tuple[Layer, ...]
    programs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    size: int = 0

    @property
    def folders(self) -> tuple[str, ...]:
        """Paths of the tree that it covers."""
        return tuple(layer.in_tree for layer in self.layers if layer.in_tree)


class SetupDraft(Protocol):
    """A set-up in the making. Nobody else makes the same one meanwhile; without `freeze` nothing of it stays."""

    @property
    def folder(self) -> Path:
        """An empty folder that commands may write, mounted as `/setup`."""

    def freeze(self, tree: Path, tracked: Collection[str], about: str) -> FrozenSetup:
        """Keep the folder and those folders of `tree` that hold none of the `tracked` paths, which move out of it.
        `about` is a line for whoever lists what is kept. Raises UsageError when the tree holds too many such
        folders."""


class Setups(Protocol):
    """What set-up phases made, by what it was made from."""

    def find(self, key: str) -> FrozenSetup | None:
        """The frozen set-up of that key, None when there is none or a part of it is gone."""

    def draft(self, key: str, stop: Flag) -> AbstractContextManager[SetupDraft]:
        """Begin a new one, after whoever makes the same one has ended. Raises Cancelled once `stop` is set."""
