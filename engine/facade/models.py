"""`engine.models`: which models are configured, whether they can be used, and their keys."""

from __future__ import annotations

import os
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine.vocabulary.errors import OrionError, UsageError
from engine.vocabulary.events import ACCOUNT, EventKind, Fact
from engine.vocabulary.requests import DoctorCheck, ModelEntry
from engine.vocabulary.text import nearest

if TYPE_CHECKING:
    from engine.facade.core import Core
    from engine.vocabulary.settings import ModelSettings

CONNECT_S = 2.0


class Models:
    """The models of the configuration."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def list(self) -> tuple[ModelEntry, ...]:
        """In the order of the file. Raises ConfigError."""
        settings = self._core.adapters.read_settings()
        return tuple(
            ModelEntry(model, model.name == settings.default_model, self._trouble(model))
            for model in settings.models.values()
        )

    def get(self, name: str) -> ModelSettings:
        """Raises UsageError for an unknown one, ConfigError."""
        models = self._core.adapters.read_settings().models
        if name not in models:
            hint = nearest(name, models) if models else f"describe it under models in {self._core.home.config}"
            raise UsageError(f"no model {name!r} is configured", hint)
        return models[name]

    def check(self, name: str, stop: Flag | None = None) -> None:
        """Ask it for one word, which costs a few tokens; a recording is only opened. Raises ModelError."""
        settings = self.get(name)
        if settings.api == "replay":
            self._core.adapters.open_model(settings, None)
        else:
            self._core.adapters.check_model(settings, stop or Flag())

    def store_key(self, name: str, key: str) -> str:
        """Keep the key in the keychain under the name that the configuration gives; where it is kept now. Raises
        UsageError when the model names no keychain entry, KeychainError."""
        from engine.models.keys import entry_of

        settings = self.get(name)
        if not settings.keychain:
            raise UsageError(
                f"the model {name!r} takes no key from the keychain",
                f"write keychain: {name} into its entry in {self._core.home.config}",
            )
        key = key.strip()
        if not key or not key.isascii() or not key.isprintable():
            raise UsageError("that is no key", "paste the key alone, in one line")
        keychain = self._core.adapters.model_keychain(settings)
        keychain.set(entry_of(settings.keychain), key)
        self._key_changed(settings, "kept")
        return keychain.where

    def forget_key(self, name: str) -> str:
        """Take the key out of the keychain; where it was. Raises UsageError when the model names no keychain entry or
        there is no key, KeychainError."""
        from engine.models.keys import entry_of

        settings = self.get(name)
        keychain = self._core.adapters.model_keychain(settings) if settings.keychain else None
        if keychain is None or keychain.get(entry_of(settings.keychain)) is None:
            raise UsageError(f"no key of the model {name!r} is in the keychain", f"keep one: orion model key {name}")
        keychain.delete(entry_of(settings.keychain))
        self._key_changed(settings, "removed")
        return keychain.where

    def _key_changed(self, settings: ModelSettings, change: str) -> None:
        data = {"model": settings.name, "entry": settings.keychain, "change": change}
        self._core.journal.append(ACCOUNT, [Fact(EventKind.KEY_CHANGED, data)])

    def doctor(self) -> DoctorCheck:
        """The default model: configured, its key there, its endpoint listening. Sends nothing."""
        try:
            settings = self._core.adapters.read_settings()
        except OrionError as error:
            return DoctorCheck("model", "fail", error.message, error.hint)
        if settings.default_model is None:
            hint = f"playbooks work without one; else see {self._core.home.config}"
            return DoctorCheck("model", "warn", "none is configured", hint)
        model = settings.models[settings.default_model]
        trouble = self._trouble(model)
        if trouble is not None:
            return DoctorCheck("model", "warn", trouble.message, trouble.hint)
        if model.base_url and not _listens(model.base_url):
            return DoctorCheck(
                "model",
                "warn",
                f"default: {model.name}, but nothing listens at {model.base_url}",
                "start the endpoint, or check base_url",
            )
        return DoctorCheck("model", "ok", f"default: {model.name}", f"try it: orion model check {model.name}")

    def _trouble(self, settings: ModelSettings) -> OrionError | None:
        """Why the model cannot even be opened; None when it can."""
        try:
            self._core.adapters.open_model(settings, None)
        except OrionError as error:
            return error
        return None


def _listens(address: str) -> bool:
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if any(name.lower() in ("http_proxy", "https_proxy", "all_proxy") for name in os.environ):
        # Behind a proxy a connection of our own says nothing.
        return True
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=CONNECT_S):
            return True
    except OSError:
        return False
