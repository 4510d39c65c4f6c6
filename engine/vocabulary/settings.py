"""What `config.yaml` says, with the defaults of a missing one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.vocabulary.models import Price
from engine.vocabulary.sessions import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """One model: `api` is openai, anthropic or replay (then `file` is the recording). `api_key_env` names the variable
    and `keychain` the entry that holds its key. `context_tokens` is what it takes in all, `max_output_tokens` what one
    reply may have, `timeout_s` how many seconds its first piece may take."""

    name: str
    api: str
    model: str = ""
    base_url: str = ""
    api_key_env: str = ""
    keychain: str = ""
    file: str = ""
    context_tokens: int = 32_768
    max_output_tokens: int = 8_192
    timeout_s: float = 300.0
    price: Price = field(default_factory=Price)


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """`prefer` is auto, docker or bubblewrap. `toolchains` are absolute host folders mounted read-only at the same
    path; None means that the user said nothing about them."""

    prefer: str = "auto"
    image: str | None = None
    toolchains: tuple[str, ...] | None = None
    memory_mib: int = 512
    cpus: float = 2.0
    pids: int = 128


THEMES = ("auto", "dark", "light", "contrast", "plain")
"""How the app looks; `plain` has no colours at all, and is what `auto` means where NO_COLOR is set, else `dark`."""

WEB_CHANNELS = ("webhook", "slack", "discord", "teams")


@dataclass(frozen=True, slots=True)
class Retention:
    """When settled things are removed, in days; 0 is never. A session is settled when it is promoted to the last line,
    rejected or completed, or when it is over and kept nothing; nothing else is ever removed. At most `sessions` settled
    ones keep their trees."""

    sessions_days: int = 30
    sessions: int = 50
    outputs_days: int = 90
    setups_days: int = 30


@dataclass(frozen=True, slots=True)
class EmailPlace:
    """Where mail goes and who takes it; `keychain` names the entry with the password of `user`."""

    to: str
    host: str
    sender: str = ""
    port: int = 587
    user: str = ""
    keychain: str = ""


@dataclass(frozen=True, slots=True)
class WebPlace:
    """An address that is called, or the keychain's entry that holds it."""

    url: str = ""
    keychain: str = ""


@dataclass(frozen=True, slots=True)
class NotificationPlaces:
    """One place for each channel that a role may name. Kept for later: nothing is sent yet."""

    email: EmailPlace | None = None
    webhook: WebPlace | None = None
    slack: WebPlace | None = None
    discord: WebPlace | None = None
    teams: WebPlace | None = None
    desktop: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration, validated. For `auth_window_s` seconds a right PIN or code covers more of the same
    session, 0 for never. `keys` are the keys of the app's actions that are not the usual ones, by the action's name."""

    default_model: str | None = None
    models: Mapping[str, ModelSettings] = field(default_factory=dict)
    default_role: str = "software-engineer"
    sandbox: SandboxSettings = field(default_factory=SandboxSettings)
    limits: Limits = field(default_factory=Limits)
    auth_window_s: float = 0.0
    retention: Retention = field(default_factory=Retention)
    notifications: NotificationPlaces = field(default_factory=NotificationPlaces)
    theme: str = "auto"
    keys: Mapping[str, str] = field(default_factory=dict)


def theme_said(text: str) -> str:
    """The theme that a configuration names, `auto` when it names none; good enough to paint with before the file is
    read in earnest."""
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and name == "theme":
            said = value.partition(" #")[0].strip().strip("\"'")
            return said if said in THEMES else THEMES[0]
    return THEMES[0]
