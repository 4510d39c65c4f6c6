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


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration, validated. For `auth_window_s` seconds a right PIN or code covers more of the same
    session, 0 for never."""

    default_model: str | None = None
    models: Mapping[str, ModelSettings] = field(default_factory=dict)
    default_role: str = "software-engineer"
    sandbox: SandboxSettings = field(default_factory=SandboxSettings)
    limits: Limits = field(default_factory=Limits)
    auth_window_s: float = 0.0
