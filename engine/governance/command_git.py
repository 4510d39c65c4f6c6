"""Git and network programs, where the words after the verb decide."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.governance.classified import Touch
from engine.governance.path_classes import classify_path
from engine.vocabulary.actions import ActionClass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LOOPBACK = re.compile(
    r"(?:https?://)?(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]|0\.0\.0\.0)(?::[0-9]+)?(?:[/?#].*)?\Z", re.IGNORECASE
)


def stays_here(name: str, texts: Sequence[str]) -> bool:
    """Whether a network program only talks to this machine; the sandbox has a loopback of its own."""
    if name not in (
        "curl",
        "wget",
        "http",
        "https",
        "xh",
        "nc",
        "ncat",
        "netcat",
        "telnet",
        "ab",
        "wrk",
        "hey",
        "ping",
    ):
        return False
    hosts = [t for t in texts if "://" in t or _LOOPBACK.match(t)]
    if name in ("nc", "ncat", "netcat", "telnet", "ping"):
        hosts = [t for t in texts if not t.startswith("-") and not t.isdigit()]
    proxied = any(
        t.startswith(("-x", "--proxy", "--resolve", "--connect-to", "-K", "--config", "-L", "--location"))
        for t in texts
    )
    others = [
        t
        for t in texts
        if "." in t and not t.startswith("-") and not _LOOPBACK.match(t) and "/" not in t and not t.startswith("@")
    ]
    return (
        bool(hosts)
        and not proxied
        and all(_LOOPBACK.match(t) for t in hosts)
        and not (others and name not in ("curl", "wget"))
    )


def git_breach(texts: Sequence[str]) -> str:
    """Why git may not do this for anybody, empty when it may."""
    words = [t for t in texts if not t.startswith("-")]
    for text in texts:
        if text.casefold().startswith(
            ("core.hookspath", "core.fsmonitor", "core.sshcommand", "core.editor=", "include.path")
        ):
            return "git's own settings may not be changed"
    if words[:1] == ["config"] and len(words) > 2 and not words[1].startswith("user."):
        return "git's own settings may not be changed"
    if words[:2] == ["submodule", "add"]:
        return "a submodule would bring in a repository that nobody looked at"
    return ""


def git_runs(texts: Sequence[str]) -> Iterator[str]:
    """Commands that git is told to run, as shell text."""
    words = [text for text in texts if not text.startswith("-")]
    if words[:2] == ["bisect", "run"]:
        yield " ".join(texts[list(texts).index("run") + 1 :])
    elif words[:2] == ["submodule", "foreach"]:
        yield " ".join(words[2:])
    elif words[:1] in (["rebase"], ["difftool"], ["filter-branch"], ["fetch"], ["clone"], ["ls-remote"], ["push"]):
        options = ("-x", "--exec", "--extcmd", "--tree-filter", "--index-filter", "--msg-filter", "--upload-pack")
        for at, text in enumerate(texts):
            option, _, value = text.partition("=")
            if option in options:
                yield value or (texts[at + 1] if at + 1 < len(texts) else "")


def git_paths(texts: Sequence[str]) -> Iterator[tuple[Touch, str]]:
    """Paths in git's arguments worth a look: those it deletes or replaces, and secrets that it shows."""
    words = [t for t in texts if not t.startswith("-")]
    if not words:
        return
    if words[0] == "rm":
        yield from ((Touch.DELETE, word) for word in words[1:])
    elif words[0] in ("apply", "am"):
        yield from ((Touch.WRITE, text.partition("=")[2]) for text in texts if text.startswith("--directory="))
    elif words[:2] == ["worktree", "add"]:
        yield from ((Touch.WRITE, word) for word in words[2:3])
    elif words[0] in ("mv", "restore"):
        yield from ((Touch.WRITE, word) for word in words[1:] if word not in ("HEAD", "."))
    elif words[0] == "checkout" and "--" in texts:
        yield from ((Touch.WRITE, word) for word in texts[texts.index("--") + 1 :] if word != ".")
    elif words[0] in ("show", "cat-file", "diff", "blame", "log"):
        for word in words[1:]:
            path = word.partition(":")[2] if ":" in word else word
            if path and classify_path(path) is ActionClass.SECRET_READ:
                yield Touch.READ, path
