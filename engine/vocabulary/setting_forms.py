"""The configuration file as it is written, and as something to fill in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.forms import FormPreview

if TYPE_CHECKING:
    from engine.vocabulary.settings import Settings


@dataclass(frozen=True, slots=True)
class SettingsText:
    """The file's text, the SHA-256 of its bytes (empty when there is no file), and where it stands."""

    text: str
    content: str
    path: str


@dataclass(frozen=True, slots=True)
class SettingsPreview(FormPreview):
    """What a text would be as the configuration. `settings` is None while there are problems; `weakens` names what of
    it needs the second factor."""

    settings: Settings | None = None
    weakens: tuple[str, ...] = ()
