"""From a model's settings to something that answers, with what stands around every live endpoint."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.models.abilities import Abilities
from engine.models.fallback import FallbackModel
from engine.models.faults import Endpoint
from engine.models.keys import key_for, where
from engine.models.live import LiveModel
from engine.models.pacing import Timing
from engine.models.redacting import RedactingModel
from engine.models.replay import ReplayModel
from engine.models.retrying import MAX_TOLD_S, SHORT_TOLD_S, SHORT_WAITS_S, WAITS_S, RetryingModel
from engine.models.wire import Wire
from engine.vocabulary.errors import ModelError, ModelFault
from engine.vocabulary.text import nearest, visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.models.keys import FindKeychain
    from engine.models.lines import Lines
    from engine.models.wire import Dialect
    from engine.vocabulary.ports import Model
    from engine.vocabulary.settings import ModelSettings

ABILITIES = "endpoints.json"
"""The file in the home that keeps what probes found."""


def open_model(
    settings: ModelSettings,
    base: Path,
    *,
    keychain: FindKeychain | None = None,
    environment: Mapping[str, str] | None = None,
    lines: Lines | None = None,
    short: bool = False,
) -> Model:
    """The model that the settings describe. A recording's `file` is relative to `base`, the folder of the
    configuration, where what probes found is kept too. `lines` keeps connections from call to call; else each call has
    its own. With `short` it gives up soon, since another stands in. Raises ModelError when there is no key, for an
    unknown API and for a recording that is gone; nothing is sent yet."""
    if settings.api == "replay":
        return _recording(settings, base)
    live = RedactingModel(open_live(settings, base, keychain=keychain, environment=environment, lines=lines))
    waits, told = (SHORT_WAITS_S, SHORT_TOLD_S) if short else (WAITS_S, MAX_TOLD_S)
    return RetryingModel(live, waits_s=waits, max_told_s=told)


def open_live(
    settings: ModelSettings,
    base: Path,
    *,
    keychain: FindKeychain | None = None,
    environment: Mapping[str, str] | None = None,
    lines: Lines | None = None,
) -> LiveModel:
    """The bare endpoint, for a look at whether it answers. Raises ModelError."""
    key = key_for(settings, os.environ if environment is None else environment, keychain)
    dialect = _dialect(settings)
    endpoint = Endpoint(settings.name, settings.model, settings.base_url or dialect.usual, where(settings), key)
    wire = Wire(dialect, endpoint, settings.base_url, Timing.of(settings.timeout_s))
    return LiveModel(settings, wire, Abilities(base / ABILITIES), lines)


def open_with_fallback(
    settings: ModelSettings,
    fallback: ModelSettings,
    base: Path,
    *,
    keychain: FindKeychain | None = None,
    lines: Lines | None = None,
) -> Model:
    """The first model with the second behind it. Raises ModelError when the second cannot be opened either."""
    second = open_model(fallback, base, keychain=keychain, lines=lines)
    try:
        first = open_model(settings, base, keychain=keychain, lines=lines, short=True)
    except ModelError as error:
        return FallbackModel(None, second, why=error.message)
    return FallbackModel(first, second)


def _dialect(settings: ModelSettings) -> Dialect:
    if settings.api == "openai":
        from engine.models.openai_wire import OPENAI, ChatCompletions

        return ChatCompletions(own=settings.base_url in ("", OPENAI))
    if settings.api == "anthropic":
        from engine.models.anthropic_wire import Messages, check_installed

        check_installed(settings.name)
        return Messages(settings.name)
    hint = nearest(settings.api, ("openai", "anthropic", "replay"))
    raise ModelError(f"the model {settings.name!r} has the unknown api {visible(repr(settings.api))}", visible(hint))


def _recording(settings: ModelSettings, base: Path) -> ReplayModel:
    if not settings.file:
        raise ModelError(
            f"the model {settings.name!r} names no recording",
            "give it a `file` in config.yaml",
            fault=ModelFault.RECORDING,
        )
    recording = base / Path(settings.file).expanduser()
    if not recording.is_file():
        raise ModelError(
            f"the recording of the model {settings.name!r} is not there: {visible(str(recording))}",
            "check its `file` in config.yaml; the path is relative to the folder of config.yaml",
            fault=ModelFault.RECORDING,
        )
    return ReplayModel(settings.name, recording)
