"""The form of `config.yaml` as a JSON Schema, and the file that a new home begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.vocabulary.keymaps import KEY_PATTERN
from engine.vocabulary.sessions import MOST_PARALLEL
from engine.vocabulary.settings import THEMES, WEB_CHANNELS

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT = {"type": "string", "minLength": 1, "maxLength": 2000}
_DAYS = {"type": "integer", "minimum": 0, "maximum": 36_500}
_MAIL = {**_TEXT, "pattern": r"^[^@\s]+@[^@\s]+$", "x-expected": "an address such as me@example.org"}
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
        "retention": _object(
            {
                "sessions_days": _DAYS,
                "sessions": {"type": "integer", "minimum": 1, "maximum": 100_000},
                "outputs_days": _DAYS,
                "setups_days": _DAYS,
            }
        ),
        "notifications": _object(
            {
                "email": _object(
                    {
                        "to": _MAIL,
                        "from": _MAIL,
                        "host": {**_TEXT, "pattern": r"^[A-Za-z0-9.:_-]+$", "x-expected": "a host's name or address"},
                        "port": {"type": "integer", "minimum": 1, "maximum": 65_535},
                        "user": _TEXT,
                        "keychain": _TEXT,
                    },
                    required=["to", "host"],
                ),
                **{channel: _object({"url": _TEXT, "keychain": _TEXT}) for channel in WEB_CHANNELS},
                "desktop": {"type": "boolean"},
            }
        ),
        "theme": {"enum": list(THEMES)},
        "keys": {
            "type": "object",
            "additionalProperties": {
                "type": "string",
                "pattern": KEY_PATTERN,
                "x-expected": "a letter, a digit in quotes, f1 to f12, or ctrl+ and a letter (not c, i, j, m, q, z)",
            },
        },
    }
)
"""The JSON Schema (2020-12) of the file."""

EXAMPLE = """\
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

retention:                            # when settled things go, in days (0: never); sessions cleanup --dry shows
  sessions_days: 30                   # trees of sessions promoted to the last line, rejected, or without work
  sessions: 50                        # that keep their tree at most, the oldest settled ones first
  outputs_days: 90                    # the full outputs of commands of such sessions; the log keeps the last lines
  setups_days: 30                     # frozen set-ups that no session used

# Where notifications will go; nothing is sent yet. A change asks for the PIN or a code.
# notifications:
#   email: {to: me@example.org, host: smtp.example.org, port: 587, user: me, keychain: smtp}
#   slack: {keychain: slack}            # an address that is a secret itself stands in the keychain
#   webhook: {url: "https://hooks.example.org/orion"}
#   desktop: true

theme: auto                           # auto, dark, light, contrast or plain (no colours; auto with NO_COLOR)

# Other keys for the actions of the app, by name: orion settings keys lists them.
# keys: {promote: G, approve: y}
"""
"""Complete, with comments; it reads as the defaults."""
