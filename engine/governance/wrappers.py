"""Programs that run another program: what is left when they are taken off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.governance.command_classes import program_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Program: options that take a value of their own as the next word.
_PLAIN: Mapping[str, str] = MappingProxyType(
    {
        "env": "-u --unset -C --chdir -S",
        "nohup": "",
        "nice": "-n --adjustment",
        "ionice": "-c -n -p --class --classdata",
        "timeout": "-k --kill-after -s --signal",
        "gtimeout": "-k -s",
        "time": "-f -o --format --output",
        "stdbuf": "-i -o -e --input --output --error",
        "unbuffer": "",
        "setsid": "",
        "exec": "-a",
        "command": "",
        "builtin": "",
        "chrt": "",
        "taskset": "",
        "caffeinate": "",
        "chronic": "",
        "strace": "-e -o -p -s",
        "ltrace": "-e -o -p -s",
        "valgrind": "",
        "perf": "-o -e",
        "hyperfine": "-w -r --warmup --runs",
        "busybox": "",
        "toybox": "",
        "xargs": "-I -n -P -L -d -a -E -s --max-args --max-procs --delimiter --arg-file --replace",
        "parallel": "-j --jobs -a --arg-file",
        "watch": "-n --interval",
        "entr": "",
        "dotenv": "-f -e",
        "direnv": "",
        "faketime": "",
        "fakeroot": "",
        "proxychains": "-f",
        "xvfb-run": "-s -n",
        "dbus-run-session": "",
        "script": "",
        "sudo": "-u -g -h -p -C -r -t -T -U --user --group --host --prompt",
        "doas": "-u -C",
        "pkexec": "--user",
        "gosu": "",
        "su-exec": "",
        "runuser": "-u -g",
        "chroot": "--userspec --groups",
        "unshare": "",
        "nsenter": "-t --target",
        "firejail": "",
        "bwrap": "",
        "setpriv": "",
        "flock": "-w -E --wait --timeout",
        "npx": "-p --package -c --call",
        "bunx": "",
        "uvx": "--from --with --python",
        "cross-env": "",
    }
)
# Words of their own before the command: a duration, a user, a lock file, a root.
_OPERANDS: Mapping[str, int] = MappingProxyType(
    {
        "timeout": 1,
        "gtimeout": 1,
        "chroot": 1,
        "flock": 1,
        "gosu": 1,
        "su-exec": 1,
        "chrt": 1,
        "taskset": 1,
        "faketime": 1,
    }
)
# `poetry run X` and its like.
_VERBS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "uv": ("run",),
        "poetry": ("run",),
        "pipenv": ("run",),
        "pdm": ("run",),
        "hatch": ("run",),
        "rye": ("run",),
        "pixi": ("run",),
        "conda": ("run",),
        "mamba": ("run",),
        "bundle": ("exec",),
        "pnpm": ("exec", "dlx"),
        "yarn": ("exec", "dlx"),
        "npm": ("exec", "x"),
        "bun": ("x",),
        "pipx": ("run",),
        "rbenv": ("exec",),
        "pyenv": ("exec",),
        "nodenv": ("exec",),
        "asdf": ("exec",),
        "mise": ("exec", "x"),
        "direnv": ("exec",),
        "doppler": ("run",),
        "op": ("run",),
        "coverage": ("run",),
        "perf": ("stat", "record"),
    }
)
_RAISING = frozenset(
    {"sudo", "doas", "pkexec", "gosu", "su-exec", "runuser", "chroot", "unshare", "nsenter", "setpriv", "su"}
)
_FETCHING = frozenset({"npx", "bunx", "uvx", "dlx", "pipx", "x"})
# What a project brings itself and `npx` only finds: without a network it runs that one or none. A version, `-y` or
# `-p` asks for a download and makes it a fetch again.
_OF_PROJECTS = """
tsc tsx ts-node vue-tsc svelte-check eslint oxlint biome prettier stylelint standard xo tslint jscs commitlint
markdownlint markdownlint-cli2 cspell textlint remark alex htmlhint html-validate jsonlint dprint rome
jest vitest mocha ava jasmine karma tap c8 nyc cypress wdio testcafe playwright
vite webpack rollup esbuild parcel tsup swc babel postcss tailwindcss sass lessc terser microbundle unbuild
next nuxt astro gatsby remix ng vue-cli-service react-scripts svelte-kit docusaurus vitepress vuepress storybook
typedoc jsdoc api-extractor nx turbo knip depcheck madge dependency-cruiser ts-prune size-limit publint attw
"""
_LOCAL = frozenset(_OF_PROJECTS.split())
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_DURATION = re.compile(r"[0-9.]+[smhd]?")


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """The command inside. `raises` when it asks for another user's rights; `fetches` when the program may be downloaded
    to be run; `fed` when its arguments come from input that nobody sees (`xargs`)."""

    arguments: tuple[str, ...]
    raises: bool = False
    fetches: bool = False
    fed: bool = False


def unwrap(arguments: Sequence[str]) -> Unwrapped:
    """Take wrappers off until a program is left that is none."""
    rest = list(arguments)
    raises = fetches = fed = False
    for _ in range(16):
        if not rest:
            break
        name = program_name(rest[0])
        inner = _inner(name, rest[1:])
        if inner is None:
            break
        raises = raises or name in _RAISING
        verb = next((word for word in rest[1:] if not word.startswith("-")), "") if name in _VERBS else ""
        if name in _FETCHING or verb in _FETCHING or (name, verb) == ("npm", "exec"):
            fetches = fetches or not _is_local(name, verb, rest[1:], inner)
        fed = fed or name in ("xargs", "parallel")
        rest = inner
    return Unwrapped(tuple(rest), raises, fetches, fed)


def _is_local(name: str, verb: str, options: list[str], inner: list[str]) -> bool:
    """Whether the program is one that stands in the project already."""
    before = options[: len(options) - len(inner)]
    if any(word in ("--no-install", "--no", "--offline") for word in before):
        return True
    finds = name in ("npx", "bunx") or (name, verb) in (("npm", "exec"), ("npm", "x"), ("bun", "x"))
    asks = any(word.startswith(("-y", "--yes", "-p", "--package", "-c", "--call")) for word in before)
    return finds and not asks and bool(inner) and inner[0] in _LOCAL


def _inner(name: str, rest: list[str]) -> list[str] | None:
    """What stands behind the wrapper, None when this is no wrapper."""
    if name == "command" and rest[:1] and rest[0] in ("-v", "-V"):
        return None
    if name in _VERBS:
        at = next((i for i, word in enumerate(rest) if not word.startswith("-")), None)
        if at is not None and rest[at] in _VERBS[name] and not (name == "coverage" and "-m" not in rest):
            inner = _after_options(
                rest[at + 1 :],
                frozenset({"-n", "--name", "--project", "--package", "--with", "--extra", "--group", "-p"}),
            )
            return ["python", *inner] if name == "coverage" and inner[:1] == ["-m"] else inner
    if name not in _PLAIN:
        return None
    if name == "env" and (split := _env_split(rest)) is not None:
        return split
    if name == "perf" or (name == "flock" and "-c" in rest):
        return ["sh", "-c", *rest[rest.index("-c") + 1 :]] if name == "flock" else None
    inner = _after_options(rest, frozenset(_PLAIN[name].split()))
    for _ in range(_OPERANDS.get(name, 0)):
        inner = inner[1:]
    while inner and name in ("env", "sudo", "doas", "cross-env") and _assigns(name, inner[0]):
        inner = inner[1:]
    if name == "parallel":
        inner = [word for word in inner if word not in (":::", "::::", ":::+")]
    if name == "script":
        return ["sh", "-c", rest[rest.index("-c") + 1]] if "-c" in rest[:-1] else None
    return inner if inner else None


def _assigns(name: str, word: str) -> bool:
    # `env` takes every word with an equals sign for a variable, whatever its name.
    return "=" in word if name == "env" else _ASSIGNMENT.match(word) is not None


def _env_split(rest: list[str]) -> list[str] | None:
    for at, word in enumerate(rest):
        if word in ("-S", "--split-string") and at + 1 < len(rest):
            return ["sh", "-c", " ".join(rest[at + 1 :])]
        if word.startswith("-S") and len(word) > 2:
            return ["sh", "-c", " ".join([word[2:], *rest[at + 1 :]])]
        if not word.startswith("-"):
            return None
    return None


def _after_options(words: list[str], valued: frozenset[str]) -> list[str]:
    at = 0
    while at < len(words) and words[at].startswith("-") and words[at] != "-":
        if words[at] == "--":
            return words[at + 1 :]
        if words[at] == "-m":
            return words[at:]
        at += 2 if words[at] in valued else 1
    return words[at:]
