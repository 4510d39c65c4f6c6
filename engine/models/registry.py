"""From a model's settings to something that answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.models.replay import ReplayModel
from engine.vocabulary.errors import ModelError
from engine.vocabulary.text import nearest, visible

if TYPE_CHECKING:
    from engine.vocabulary.ports import Model
    from engine.vocabulary.settings import ModelSettings


def open_model(settings: ModelSettings, base: Path) -> Model:
    """The model that the settings describe; a recording's `file` is relative to `base`, the folder of the
    configuration. Raises ModelError for an API that this version does not speak and for a recording that is gone."""
    if settings.api == "replay":
        if not settings.file:
            raise ModelError(f"the model {settings.name!r} names no recording", "give it a `file` in config.yaml")
        recording = base / Path(settings.file).expanduser()
        if not recording.is_file():
            raise ModelError(
                f"the recording of the model {settings.name!r} is not there: {visible(str(recording))}",
                "check its `file` in config.yaml; the path is relative to the folder of config.yaml",
            )
        return ReplayModel(settings.name, recording)
    if settings.api in ("openai", "anthropic"):
        raise ModelError(
            f"the model {settings.name!r} is a live endpoint ({settings.api}), which this version cannot call yet",
            "work with a playbook (orion work --playbook FILE) or with a recording (api: replay)",
        )
    hint = nearest(settings.api, ("openai", "anthropic", "replay"))
    raise ModelError(f"the model {settings.name!r} has the unknown api {visible(repr(settings.api))}", visible(hint))
