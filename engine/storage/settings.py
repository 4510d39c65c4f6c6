"""`config.yaml`: what a person may set, checked with line and field. Keys are never in it, only where to find them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.documents import Document, parse_document, read_document
from engine.storage.settings_schema import EXAMPLE, SCHEMA
from engine.vocabulary.keymaps import key_faults
from engine.vocabulary.models import Price
from engine.vocabulary.sessions import Limits
from engine.vocabulary.settings import (
    WEB_CHANNELS,
    EmailPlace,
    ModelSettings,
    NotificationPlaces,
    Retention,
    SandboxSettings,
    Settings,
    WebPlace,
)
from engine.vocabulary.text import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.vocabulary.errors import Problem
    from engine.vocabulary.keymaps import KnownAct

_ADDRESS = re.compile(r"https?://[^\s@]+")


def example_settings() -> str:
    """A complete file with comments, which reads as the defaults."""
    return EXAMPLE


def read_settings(path: Path) -> Settings:
    """What the file says. A missing one, or one of comments only, means the defaults. Raises ConfigError with the line
    and the field of each fault."""
    if _file_says_nothing(path):
        return Settings()
    return _settings(read_document(path, SCHEMA))


def parse_settings(text: str, path: Path, acts: Sequence[KnownAct] = ()) -> Settings:
    """The same from what the file at `path` would hold; with `acts`, the keys must be those of actions that there
    are."""
    return Settings() if says_nothing(text) else _settings(parse_document(text, str(path), SCHEMA), acts)


def chosen_role(path: Path) -> str:
    """The default role that the file itself names, empty when it leaves that to the default. Raises ConfigError."""
    return "" if _file_says_nothing(path) else str(read_document(path, SCHEMA).data.get("default_role", ""))


def says_nothing(text: str) -> bool:
    """Whether there are only comments and empty lines."""
    return all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines())


def _settings(document: Document, acts: Sequence[KnownAct] = ()) -> Settings:
    problems = _problems(document, acts)
    if problems:
        raise document.error(problems)
    data: Mapping[str, Any] = document.data
    sandbox = dict(data.get("sandbox", {}))
    if "toolchains" in sandbox:
        sandbox["toolchains"] = tuple(sandbox["toolchains"])
    return Settings(
        default_model=data.get("default_model"),
        models={name: _model(name, entry) for name, entry in data.get("models", {}).items()},
        default_role=data.get("default_role", Settings().default_role),
        sandbox=SandboxSettings(**sandbox),
        limits=_limits(data.get("limits", {})),
        auth_window_s=float(data.get("auth", {}).get("window_s", 0.0)),
        retention=Retention(**data.get("retention", {})),
        notifications=_places(data.get("notifications", {})),
        theme=data.get("theme", Settings().theme),
        keys=dict(data.get("keys", {})),
    )


def _places(entry: Mapping[str, Any]) -> NotificationPlaces:
    email = {("sender" if key == "from" else key): value for key, value in entry.get("email", {}).items()}
    web = {channel: WebPlace(**entry[channel]) for channel in WEB_CHANNELS if channel in entry}
    return NotificationPlaces(EmailPlace(**email) if email else None, desktop=entry.get("desktop", False), **web)


def _file_says_nothing(path: Path) -> bool:
    try:
        # A file that cannot be read is the document reader's to report.
        text = path.read_text("utf-8") if path.is_file() else "?" if path.exists() or path.is_symlink() else ""
    except (OSError, UnicodeDecodeError):
        return False
    return says_nothing(text)


def _limits(entry: Mapping[str, Any]) -> Limits:
    # A schema's "number" may come as a whole one, and only these are meant to be.
    whole = ("tokens", "turns", "task_tokens", "task_turns", "parallel")
    fields: dict[str, Any] = {key: value if key in whole else float(value) for key, value in entry.items()}
    return Limits(**fields)


def _model(name: str, entry: Mapping[str, Any]) -> ModelSettings:
    fields = {key: value for key, value in entry.items() if key != "price_per_mtok"}
    if "max_output_tokens" not in fields:
        # A reply has to fit into the context together with what it answers.
        usual = ModelSettings(name, "")
        room = fields.get("context_tokens", usual.context_tokens) // 2
        fields["max_output_tokens"] = min(usual.max_output_tokens, room)
    return ModelSettings(name=name, **fields, price=Price(**entry.get("price_per_mtok", {})))


def _problems(document: Document, acts: Sequence[KnownAct]) -> list[Problem]:
    """What no schema can say."""
    data: Mapping[str, Any] = document.data
    models: Mapping[str, Mapping[str, Any]] = data.get("models", {})
    found: list[Problem] = []
    default = data.get("default_model")
    if default is not None and default not in models:
        hint = nearest(default, models) if models else "describe it under models"
        found.append(document.problem("default_model", f"no model {default!r} is described under models", hint))
    for name, entry in models.items():
        found += _model_problems(document, f"models.{name}", entry)
    for place, folder in enumerate(data.get("sandbox", {}).get("toolchains", ())):
        field = f"sandbox.toolchains[{place}]"
        if not Path(folder).is_absolute() or ".." in Path(folder).parts:
            found.append(document.problem(field, f"{folder!r} is not an absolute path", "start it with /, without .."))
    for channel in WEB_CHANNELS:
        if channel in data.get("notifications", {}):
            found += _web_problems(document, f"notifications.{channel}", data["notifications"][channel])
    for name, message, hint in key_faults(data.get("keys", {}), acts):
        found.append(document.problem(f"keys.{name}", message, hint))
    return found


def _web_problems(document: Document, field: str, entry: Mapping[str, Any]) -> list[Problem]:
    if ("url" in entry) == ("keychain" in entry):
        hint = (
            "keychain: NAME where the address is a secret itself, as with Slack, Discord and Teams; else url: https://…"
        )
        return [document.problem(field, "an address comes from one place: url or keychain", hint)]
    if not _ADDRESS.fullmatch(entry.get("url", "https://x")):
        hint = "start it with https://, and keep user and password out of it"
        return [document.problem(f"{field}.url", "not an address that can be called", hint)]
    return []


def _model_problems(document: Document, field: str, entry: Mapping[str, Any]) -> list[Problem]:
    api = entry["api"]
    needed = "file" if api == "replay" else "model"
    found = []
    if needed not in entry:
        found.append(document.problem(field, f"a model of api {api} needs {needed!r}", f"add {needed}: …"))
    if api == "openai" and "base_url" not in entry and "api_key_env" not in entry and "keychain" not in entry:
        hint = "add base_url: … for an endpoint without keys, or api_key_env: NAME"
        found.append(document.problem(field, "neither an endpoint nor a key is named", hint))
    if not _ADDRESS.fullmatch(entry.get("base_url", "http://x")):
        # The value is not repeated: it may hold a password.
        hint = "start it with http:// or https://, and keep user and password out of it"
        found.append(document.problem(f"{field}.base_url", "not the address of an endpoint", hint))
    if "api_key_env" in entry and "keychain" in entry:
        found.append(document.problem(f"{field}.keychain", "a key comes from one place", "keep one of the two"))
    if entry.get("max_output_tokens", 0) >= entry.get("context_tokens", ModelSettings("", "").context_tokens):
        hint = "a reply and what it answers share the context; make it smaller, or say the model's real context_tokens"
        found.append(document.problem(f"{field}.max_output_tokens", "more than the model's context", hint))
    unfit = ("model", "base_url", "api_key_env", "keychain", "timeout_s", "max_output_tokens", "context_tokens")
    for key in unfit if api == "replay" else ("file",):
        if key in entry:
            found.append(document.problem(f"{field}.{key}", f"a model of api {api} has no {key!r}", "leave it out"))
    return found
