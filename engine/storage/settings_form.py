"""The configuration as a form: each value as the words that a person would type, with its default and what it may be.

Works on files that are wrong, too, as long as they are YAML: a form is what one mends them with.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from engine.documents import Document, parse_document
from engine.roles.splicing import dumped
from engine.storage.settings_schema import SCHEMA
from engine.vocabulary.errors import ConfigError
from engine.vocabulary.forms import FormField
from engine.vocabulary.settings import ModelSettings, Settings
from engine.vocabulary.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.vocabulary.keymaps import KnownAct

_GENERAL, _SANDBOX, _LIMITS = "GENERAL", "SANDBOX", "LIMITS"
_AUTH, _RETENTION, _PLACES, _KEYS, _UNKNOWN = (
    "ASKING FOR THE PIN",
    "WHAT IS REMOVED, AND WHEN",
    "WHERE NOTIFICATIONS GO (NOTHING IS SENT YET)",
    "KEYS",
    "NOT KNOWN",
)
_NO_LIMIT = "0 is no limit"
# Field, label, group, help.
_PLAIN: tuple[tuple[str, str, str, str], ...] = (
    ("theme", "theme", _GENERAL, "auto is dark, or plain with NO_COLOR; plain has no colours; ctrl+t tries them"),
    ("default_role", "role", _GENERAL, "who Orion is when nothing else is said"),
    ("default_model", "model", _GENERAL, "one of the models below; without one, playbooks work"),
    ("sandbox.prefer", "kind", _SANDBOX, "auto takes Docker where it answers, else bubblewrap"),
    ("sandbox.image", "Docker image", _SANDBOX, "Orion's own when nothing is said"),
    ("sandbox.memory_mib", "memory, MiB", _SANDBOX, "of each sandbox, 64 to 1048576"),
    ("sandbox.cpus", "CPUs", _SANDBOX, "of each sandbox, 0.1 to 1024"),
    ("sandbox.pids", "processes", _SANDBOX, "of each sandbox, 8 to 65536"),
    (
        "sandbox.toolchains",
        "tool chains",
        _SANDBOX,
        "folders that it may read; more of them ask for the PIN",
    ),
    ("limits.time_s", "time, seconds", _LIMITS, "of work in a session; waiting is not counted"),
    ("limits.cost_usd", "cost, US dollars", _LIMITS, f"of a session; {_NO_LIMIT}"),
    ("limits.tokens", "tokens", _LIMITS, f"of a session, in and out; {_NO_LIMIT}"),
    ("limits.turns", "turns", _LIMITS, f"calls of a model in a session; {_NO_LIMIT}"),
    ("limits.task_time_s", "time of a task", _LIMITS, f"seconds; {_NO_LIMIT}"),
    ("limits.task_cost_usd", "cost of a task", _LIMITS, f"US dollars; {_NO_LIMIT}"),
    ("limits.task_tokens", "tokens of a task", _LIMITS, _NO_LIMIT),
    ("limits.task_turns", "turns of a task", _LIMITS, _NO_LIMIT),
    ("limits.parallel", "side by side", _LIMITS, "tasks at the same time, 1 to 4, each in a sandbox of its own"),
    ("auth.window_s", "covers, seconds", _AUTH, "of the same session, 0 to 300; longer asks for the PIN"),
    ("retention.sessions_days", "sessions, days", _RETENTION, "trees of settled sessions; 0 keeps them"),
    ("retention.sessions", "sessions, number", _RETENTION, "settled ones that keep their tree at most"),
    ("retention.outputs_days", "outputs, days", _RETENTION, "of commands in settled sessions; 0 keeps them"),
    ("retention.setups_days", "set-ups, days", _RETENTION, "frozen ones that no session used; 0 keeps them"),
    ("notifications.email.to", "mail to", _PLACES, "an address; any change asks for the PIN"),
    ("notifications.email.from", "mail from", _PLACES, "an address; the same as to when nothing is said"),
    ("notifications.email.host", "mail server", _PLACES, "its name or address"),
    ("notifications.email.port", "mail port", _PLACES, "1 to 65535"),
    ("notifications.email.user", "mail user", _PLACES, "whom the server knows"),
    ("notifications.email.keychain", "mail password", _PLACES, "the keychain entry that holds it"),
    ("notifications.webhook.url", "webhook", _PLACES, "an address that is no secret; else webhook in keychain"),
    ("notifications.webhook.keychain", "webhook in keychain", _PLACES, "the entry that holds the address"),
    ("notifications.slack.keychain", "Slack in keychain", _PLACES, "the entry that holds the address"),
    ("notifications.discord.keychain", "Discord in keychain", _PLACES, "the entry that holds the address"),
    ("notifications.teams.keychain", "Teams in keychain", _PLACES, "the entry that holds the address"),
    ("notifications.desktop", "desktop", _PLACES, "true or false"),
)
_MODEL: tuple[tuple[str, str], ...] = (
    ("api", "openai (chat completions), anthropic or replay"),
    ("model", "its name at the endpoint"),
    ("base_url", "of the endpoint"),
    ("api_key_env", "the environment variable with the key"),
    ("keychain", "the keychain entry with the key; K keeps one there"),
    ("file", "a recording, for api replay"),
    ("context_tokens", "what it takes in all"),
    ("max_output_tokens", "what one reply may have"),
    ("timeout_s", "seconds until the first piece of a reply"),
    ("price_per_mtok.input", "US dollars a million tokens"),
    ("price_per_mtok.output", "US dollars a million tokens"),
    ("price_per_mtok.cached_input", "US dollars a million tokens"),
    ("price_per_mtok.cache_write", "US dollars a million tokens"),
)


def fields_of(text: str, acts: Sequence[KnownAct] = ()) -> tuple[FormField, ...]:
    """The form of a configuration, right or wrong; empty when the text is no YAML mapping."""
    from engine.storage.settings import says_nothing

    try:
        document = Document({}, "") if says_nothing(text) else parse_document(text, "the configuration", {})
    except ConfigError:
        return ()
    return tuple(_fields(document, acts)) if isinstance(document.data, dict) else ()


def value_of(key: str, words: str) -> Any:
    """What a person typed for a field: text as it is, lists split at commas, anything else as YAML. Raises
    ConfigError."""
    said, about = words.strip(), _about(path_of(key))
    kinds = about.get("type", "string")
    if "enum" in about or "string" in ([kinds] if isinstance(kinds, str) else kinds):
        return said
    if kinds == "array" and said[:1] not in ("[", "-"):
        return [part for part in (part.strip() for part in said.split(",")) if part]
    return parse_document(said, key, {}).data


def path_of(key: str) -> list[str]:
    """The names on the way to a field; a model's own may have dots in it."""
    if key.startswith("models."):
        for name, _ in _MODEL:
            if key.endswith(f".{name}"):
                return ["models", key[len("models.") : -len(name) - 1], *name.split(".")]
    return key.split(".")


def _about(keys: Sequence[str]) -> Mapping[str, Any]:
    """What the schema says of a field; empty for one that it does not know."""
    found: Mapping[str, Any] = SCHEMA
    for key in keys:
        extra = found.get("additionalProperties")
        found = found.get("properties", {}).get(key) or (extra if isinstance(extra, dict) else {})
    return found


def _fields(document: Document, acts: Sequence[KnownAct]) -> Iterator[FormField]:
    data, defaults = document.data, _defaults()
    yield from _unknown(document)
    for key, label, group, about in _PLAIN:
        if key == "retention.sessions_days":
            yield from _models(document)
        yield _field(document, key, label, group, defaults.get(key, ""), about)
    named = data.get("keys")
    for name in sorted(set(named if isinstance(named, dict) else ()) - {act.id for act in acts}, key=str):
        hint = nearest(str(name), [act.id for act in acts]) if acts else "no action is known here"
        yield _field(document, f"keys.{name}", str(name), _KEYS, "", f"no action of that name; {hint}")
    for act in acts:
        where = "everywhere" if "*" in act.screens else "on " + ", ".join(act.screens).replace("_", " ")
        yield _field(document, f"keys.{act.id}", act.id, _KEYS, act.key, f"{where}; a letter, a digit, f5 or ctrl+g")


def _models(document: Document) -> Iterator[FormField]:
    models = document.data.get("models")
    usual = asdict(ModelSettings("", ""))
    for name in models if isinstance(models, dict) else ():
        for key, about in _MODEL:
            default = usual.get(key, "0.0" if key.startswith("price") else "")
            yield _field(document, f"models.{name}.{key}", key, f"MODEL {name}", str(default), about)


def _unknown(document: Document) -> Iterator[FormField]:
    """What no configuration has, at the top and in its groups: it can only be left out."""
    tops = SCHEMA["properties"]
    for name, value in document.data.items():
        if name not in tops:
            yield _field(document, str(name), str(name), _UNKNOWN, "", nearest(str(name), tops))
        elif isinstance(value, dict) and "properties" in tops[name]:
            for inner in value:
                if inner not in tops[name]["properties"]:
                    hint = nearest(str(inner), tops[name]["properties"])
                    yield _field(document, f"{name}.{inner}", f"{name}.{inner}", _UNKNOWN, "", hint)


def _field(document: Document, key: str, label: str, group: str, default: str, about: str) -> FormField:
    value: Any = document.data
    for part in path_of(key):
        value = value.get(part) if isinstance(value, dict) else None
    known = _about(path_of(key))
    choices = known.get("enum") or (("true", "false") if known.get("type") == "boolean" else ())
    found = document.places.get(key)
    return FormField(
        key, label, group, _words(value), default, about, tuple(choices), (key,), found[0] if found else None
    )


def _words(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case list() if value and all(isinstance(item, str) and not set(item) & set(",[]{}\n") for item in value):
            return ", ".join(value)
    return dumped(value)


def _defaults() -> Mapping[str, str]:
    usual = Settings()
    found = {f"sandbox.{name}": value for name, value in asdict(usual.sandbox).items()}
    found |= {f"limits.{name}": value for name, value in asdict(usual.limits).items()}
    found |= {f"retention.{name}": value for name, value in asdict(usual.retention).items()}
    found |= {"theme": usual.theme, "default_role": usual.default_role, "auth.window_s": usual.auth_window_s}
    found |= {
        "default_model": "none",
        "sandbox.image": "Orion's own",
        "sandbox.toolchains": "what is found in your home",
    }
    found |= {"notifications.email.port": 587, "notifications.desktop": "false"}
    told = {key: f"{value:g}" if isinstance(value, float) else str(value) for key, value in found.items()}
    return {**{key: "nowhere" for key, *_ in _PLAIN if key.startswith("notifications.")}, **told}
