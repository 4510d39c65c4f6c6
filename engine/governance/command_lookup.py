"""Classifies a program by the table of command patterns, and by the few things that a table cannot say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.governance.classified import Touch
from engine.governance.command_classes import knows, lookup
from engine.governance.command_git import git_breach, git_paths, stays_here
from engine.governance.command_walk import TELLING, line_of, mentioned, note_path, outputs, visible_verbs
from engine.governance.file_programs import harmless
from engine.vocabulary.actions import ActionClass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.governance.command_walk import Argument, Walk

# Programs that take several verbs, each of which they carry out.
_MANY_VERBS = frozenset(
    {"make", "gmake", "just", "task", "rake", "invoke", "inv", "fab", "mvn", "mvnw", "gradle", "gradlew", "sbt", "lein"}
    | {"nx", "turbo", "nox", "npm-run-all", "run-s", "run-p", "setup.py", "doit", "mage", "cap"}
)
_PLACES = frozenset({"", "prod", "production", "live", "staging", "stage", "all", "to-prod", "to-production"})
_PLAIN_WORDS = ("echo", "printf", "ls", "test", "[", "git", "expr", "export")
_DATABASES = ("sqlite3", "psql", "mysql", "mariadb", "duckdb")
_SCHEMA = re.compile(
    r"\b(?:drop|alter|create|truncate)\s+(?:table|schema|index|database|column|view|type)\b", re.IGNORECASE
)
_WORD = re.compile(r"[\w:.\-]+")


def looked_up(
    name: str, arguments: Sequence[Argument], walk: Walk, line: str, *, whole: str = "", fed: bool = False
) -> None:
    """Add the classes of one simple command; `command.run` for a program that nobody can look into. `whole` is the
    text around it, `fed` says that more arguments come from elsewhere."""
    texts = [name, *(argument.text for argument in arguments[1:])]
    actions = _classes(name, texts)
    if fed and walk.said:
        actions |= lookup([*texts, *walk.said]) & TELLING
    opened, told = _verb_unknown(name, arguments, fed=fed), frozenset[ActionClass]()
    if opened:
        told = frozenset().union(*(lookup([name, word]) & TELLING for word in _WORD.findall(whole)[:500]))
    breach = git_breach(texts[1:]) if name == "git" else ""
    if name == "git" and any("alias." in text and "!" in text for text in texts):
        opened = "a git alias can run any command"
        visible_verbs(line, walk)
    for action in sorted((actions | told) or {ActionClass.COMMAND_RUN}):
        walk.add(action, line, open=opened, breach=breach)
    _arguments(name, texts[1:], walk, line)


def _classes(name: str, texts: Sequence[str]) -> frozenset[ActionClass]:
    words = [text for text in texts[1:] if not text.startswith("-")]
    if name == "yarn" and words[:1] == ["workspace"]:
        at = texts.index("workspace")
        return _classes(name, [name, *texts[at + 2 :]])
    if name == "yarn" and words[:2] == ["workspaces", "foreach"]:
        actions = frozenset().union(*(lookup([name, *words[at:]]) for at in range(2, len(words))))
    else:
        actions = lookup(texts)
    if name in _MANY_VERBS:
        actions |= frozenset().union(*(lookup([name, word]) & TELLING for word in words))
    elif name == "python" and words[:1] == ["setup.py"]:
        actions |= frozenset().union(*(lookup([name, "setup.py", word]) & TELLING for word in words[1:]))
    if ActionClass.NETWORK_REQUEST in actions and stays_here(name, texts[1:]):
        actions = actions - {ActionClass.NETWORK_REQUEST} | {ActionClass.COMMAND_RUN}
    if name == "git" and "push" in words and any(word[:1] in ":+" and word[1:] for word in words):
        actions |= {ActionClass.REPO_DELETE}  # `:branch` deletes one, `+branch` overwrites one
    return actions


def _verb_unknown(name: str, arguments: Sequence[Argument], *, fed: bool) -> str:
    """Why a program whose verbs matter cannot be judged: its verb is no more than a variable, or comes from a pipe."""
    first = next((a for a in arguments[1:] if not a.known or not a.text.startswith("-")), None)
    if (first.known if first is not None else not fed) or name in _MANY_VERBS:
        return ""
    return "what it is told to do is known only when it runs" if knows(name) and _has_verbs(name) else ""


def _has_verbs(name: str) -> bool:
    return any(lookup([name, verb]) & TELLING for verb in ("publish", "deploy", "push", "apply", "install", "delete"))


def named_for(script: str, walk: Walk, line: str) -> None:
    """A script that is called after what no role does alone (`./deploy.sh`) counts as a build target of that name."""
    name = script.rstrip("/").rpartition("/")[2].partition(".")[0].replace("_", "-").casefold()
    verb, _, place = name.partition("-")
    if place in _PLACES and lookup(["make", verb]) & {ActionClass.DEPLOY}:
        walk.add(ActionClass.DEPLOY, line)


def _arguments(name: str, texts: Sequence[str], walk: Walk, line: str) -> None:
    """What the arguments say beside the verb: files, and commands meant for somewhere else."""
    if name not in _PLAIN_WORDS:
        for text in texts:
            mentioned(text, walk)
    if name == "git":
        for touch, path in git_paths(texts):
            note_path(path, touch, walk)
    if name in ("ssh", "mosh", "at", "batch", "docker", "podman"):
        visible_verbs(" ".join(texts), walk)
    if name in ("docker", "podman", "nerdctl"):
        _mounts(texts, walk)
    for text in texts:
        if text.startswith("/dev/") and not harmless(text, Touch.WRITE):
            note_path(text, Touch.READ, walk)
    if name in _DATABASES and _SCHEMA.search(line):
        walk.add(ActionClass.SCHEMA_CHANGE, line_of(line))
    outputs(texts, walk)


def _mounts(texts: Sequence[str], walk: Walk) -> None:
    """Folders of the machine that a container is given."""
    for at, text in enumerate(texts):
        option, _, value = text.partition("=")
        if option not in ("-v", "--volume", "--mount"):
            continue
        value = value or (texts[at + 1] if at + 1 < len(texts) else "")
        if text == "--mount" or option == "--mount":
            fields = dict(part.partition("=")[::2] for part in value.split(","))
            value = fields.get("source", fields.get("src", ""))
        source = value.partition(":")[0]
        if source.startswith(("/", "~", ".")):
            note_path(source, Touch.READ, walk)
