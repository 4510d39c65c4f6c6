"""Where a key for an endpoint comes from: the environment, or the system's keychain. Never a file of a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.errors import ModelError, ModelFault
from engine.vocabulary.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.vocabulary.access import Keychain
    from engine.vocabulary.settings import ModelSettings

    FindKeychain = Callable[[ModelSettings], Keychain]
    """Finds the keychain that holds a model's key; asked only for a model that names one."""


def entry_of(name: str) -> str:
    """The keychain's entry for the name that the configuration gives: never one of the second factor's."""
    return f"model-{name}"


def where(settings: ModelSettings) -> str:
    """Where the key comes from, for a sentence; empty when the endpoint needs none."""
    if settings.api_key_env:
        return f"the environment variable {settings.api_key_env}"
    if settings.keychain:
        return f"the keychain entry {settings.keychain!r}"
    return "the environment variable ANTHROPIC_API_KEY" if settings.api == "anthropic" else ""


def key_for(settings: ModelSettings, environment: Mapping[str, str], keychain: FindKeychain | None = None) -> str:
    """The key itself, empty for an endpoint without one. Raises ModelError when it should be there and is not, or is
    nothing that could be sent."""
    variable = settings.api_key_env
    if not variable and not settings.keychain and settings.api == "anthropic" and not settings.base_url:
        variable = "ANTHROPIC_API_KEY"
    if variable:
        key = environment.get(variable, "").strip()
        if not key:
            raise _missing(settings, f"{variable} is not set", f"export {variable}=… before starting Orion")
    elif settings.keychain:
        if keychain is None:
            raise _missing(
                settings,
                "there is no keychain to read it from",
                "name an environment variable instead: api_key_env: NAME",
            )
        key = (keychain(settings).get(entry_of(settings.keychain)) or "").strip()
        if not key:
            raise _missing(
                settings,
                f"the keychain has no entry {settings.keychain!r}",
                f"store it: orion model key {settings.name}",
            )
    else:
        return ""
    if not key.isascii() or not key.isprintable():
        raise _missing(settings, f"{where(settings)} holds something that is no key", "copy the key again, alone")
    return key


def _missing(settings: ModelSettings, what: str, hint: str) -> ModelError:
    return ModelError(f"no key for the model {visible(settings.name)!r}: {what}", hint, fault=ModelFault.KEY)
