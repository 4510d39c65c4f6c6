"""`config.yaml`: what a person may set, checked with line and field. Keys are never in it, only where to find them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.documents import Document, parse_document, read_document
from engine.vocabulary.models import Price
from engine.vocabulary.sessions import MOST_PARALLEL, Limits
from engine.vocabulary.settings import ModelSettings, SandboxSettings, Settings
from engine.vocabulary.text import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.vocabulary.errors import Problem

_ADDRESS = re.compile(r"https?://[^\s@]+")
_TEXT = {"type": "string", "minLength": 1, "maxLength": 2000}
_PRICE = {"type": "number", "minimum": 0, "maximum": 1_000_000}


def _object(properties: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False, **more}


_MODEL = _object(
    {
        "api": {"enum": ["openai", "anthropic", "replay"]},
        "model": _TEXT,
        "base_url": _TEXT,
        "api_key_env": {**_TEXT, "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "keychain": _TEXT,
        "file": _TEXT,
        "context_tokens": {"type": "integer", "minimum": 1024, "maximum": 100_000_000},
        "max_output_tokens": {"type": "integer", "minimum": 16, "maximum": 10_000_000},
        "timeout_s": {"type": "number", "minimum": 1, "maximum": 86_400},
        "price_per_mtok": _object({"input": _PRICE, "output": _PRICE, "cached_input": _PRICE, "cache_write": _PRICE}),
    },
    required=["api"],
)

SCHEMA: Mapping[str, Any] = _object(
    {
        "default_model": {"type": ["string", "null"], "minLength": 1},
        "models": {"type": "object", "additionalProperties": _MODEL},
        "default_role": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
        "sandbox": _object(
            {
                "prefer": {"enum": ["auto", "docker", "bubblewrap"]},
                "image": {"type": ["string", "null"], "minLength": 1},
                "toolchains": {"type": "array", "items": _TEXT, "maxItems": 100},
                "memory_mib": {"type": "integer", "minimum": 64, "maximum": 1_048_576},
                "cpus": {"type": "number", "minimum": 0.1, "maximum": 1024},
                "pids": {"type": "integer", "minimum": 8, "maximum": 65_536},
            }
        ),
        "limits": _object(
            {
                "time_s": {"type": "number", "exclusiveMinimum": 0, "maximum": 31_536_000},
                "cost_usd": {"type": "number", "minimum": 0, "maximum": 1_000_000},
                "tokens": {"type": "integer", "minimum": 0},
                "turns": {"type": "integer", "minimum": 0},
                "task_time_s": {"type": "number", "minimum": 0, "maximum": 31_536_000},
                "task_cost_usd": {"type": "number", "minimum": 0, "maximum": 1_000_000},
                "task_tokens": {"type": "integer", "minimum": 0},
                "task_turns": {"type": "integer", "minimum": 0},
                "parallel": {"type": "integer", "minimum": 1, "maximum": MOST_PARALLEL},
            }
        ),
        "auth": _object({"window_s": {"type": "number", "minimum": 0, "maximum": 300}}),
    }
)
"""The JSON Schema (2020-12) of the file."""

_EXAMPLE = """\
# Orion's configuration. Everything may be left out; what is commented out shows the form, the rest the defaults.
# API keys never stand here: name the environment variable or the keychain entry that holds one.

# Which of the models below plans and works. Without one, work with playbooks: orion work --playbook FILE
# default_model: local

# models:
#   local:
#     api: openai                     # any endpoint that speaks chat completions
#     base_url: http://127.0.0.1:8080/v1
#     model: qwen3-coder
#     api_key_env: LOCAL_KEY          # leave it out for an endpoint without keys
#     context_tokens: 32768
#     price_per_mtok: {input: 0.0, output: 0.0, cached_input: 0.0}   # US dollars
#   claude:
#     api: anthropic
#     model: claude-sonnet-4-5
#     api_key_env: ANTHROPIC_API_KEY
#     price_per_mtok: {input: 3.0, output: 15.0, cached_input: 0.3}
#   routed:
#     api: openai
#     base_url: https://openrouter.ai/api/v1
#     model: qwen/qwen3-coder
#     keychain: routed                # kept with: orion model key routed
#     timeout_s: 300                  # until the first piece of a reply
#     max_output_tokens: 8192
#   recorded:
#     api: replay                     # a conversation from a file, no network
#     file: recordings/tidy.jsonl     # relative to this file

default_role: software-engineer

sandbox:
  prefer: auto                        # auto, docker or bubblewrap
  image: null                         # a Docker image; null is Orion's own
  memory_mib: 512
  cpus: 2.0
  pids: 128
  # Folders of this machine that the sandbox may read, for tools that are not in /usr:
  # toolchains: [/home/me/.pyenv, /opt/node]

limits:
  time_s: 28800                       # of work; waiting for a person, or for a busy model, is not counted
  cost_usd: 5.00
  tokens: 0                           # in and out together; 0 is no limit
  turns: 0                            # calls of a model
  task_time_s: 0                      # the same for each task
  task_cost_usd: 0
  task_tokens: 0
  task_turns: 60
  parallel: 1                         # independent tasks side by side, at most 4, each in a sandbox of its own

auth:
  window_s: 0                         # seconds that a right PIN or code covers more of the same session, at most 300
"""


def example_settings() -> str:
    """A complete file with comments, which reads as the defaults."""
    return _EXAMPLE


def read_settings(path: Path) -> Settings:
    """What the file says. A missing one, or one of comments only, means the defaults. Raises ConfigError with the line
    and the field of each fault."""
    if _file_says_nothing(path):
        return Settings()
    return _settings(read_document(path, SCHEMA))


def parse_settings(text: str, path: Path) -> Settings:
    """The same from what the file at `path` would hold."""
    return Settings() if says_nothing(text) else _settings(parse_document(text, str(path), SCHEMA))


def chosen_role(path: Path) -> str:
    """The default role that the file itself names, empty when it leaves that to the default. Raises ConfigError."""
    return "" if _file_says_nothing(path) else str(read_document(path, SCHEMA).data.get("default_role", ""))


def says_nothing(text: str) -> bool:
    """Whether there are only comments and empty lines."""
    return all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines())


def _settings(document: Document) -> Settings:
    problems = _problems(document)
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
    )


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


def _problems(document: Document) -> list[Problem]:
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
    return found


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
