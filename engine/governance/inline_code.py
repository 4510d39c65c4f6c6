"""Programs given on a command line (`python -c`, a here-document, `node -e`): what can be seen in their text.

What such a program does cannot be known from its text; its effects are judged afterwards. Here only what is plainly
visible counts: the commands that it starts, the network, paths that no program should touch unseen.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.governance.classified import Touch
from engine.governance.command_walk import line_of, note_path, telling_path, visible_verbs
from engine.governance.inline_network import uses_network
from engine.governance.path_classes import classify_path
from engine.vocabulary.actions import ActionClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.governance.command_walk import Walk

_NETWORK = re.compile(
    r"\b(?:urllib|requests|httpx|aiohttp|http\.client|socket|ftplib|smtplib|paramiko|urlopen|fetch\(|axios|net/http"
    r"|Net::HTTP|LWP|IO::Socket|XMLHttpRequest|Invoke-WebRequest|iwr|file_get_contents\(\s*['\"]https?:)"
)
_STARTING = re.compile(
    r"\b(?:os\.system|subprocess|popen|pty\.spawn|exec[lv]p?e?\(|child_process|execSync|spawn|shell_exec|passthru"
    r"|system\(|b64decode|atob\(|unhexlify|fromhex|codecs\.decode|marshal|__import__|eval\(|exec\(|getattr\()",
    re.IGNORECASE,
)
_ENCODED = re.compile(r"b64decode|atob\(|unhexlify|fromhex|codecs\.decode|marshal")
_BACKTICKS = re.compile(r"(?:`|%x[({\[|]|qx[({\[|/])([^`)}\]]*)")
_LITERAL = re.compile(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"")
_WRITING = re.compile(
    r"['\"][rbt+]{0,3}[wax][rbt+]{0,3}['\"]|write|dump|unlink|remove|rename|replace|copy|move|mkdir|append|truncate"
    r"|symlink|>"
)
_DELETING = re.compile(
    r"\b(?:unlink(?:Sync)?|rm(?:dir)?Sync|fs\.(?:promises\.)?(?:rm|rmdir)|rimraf|File\.delete|FileUtils\.(?:rm|remove)\w*"
    r"|Files\.delete\w*|Remove-Item)\b\s*\(?\s*['\"]"
)
# Files that a program should not write unseen, when it names one and writes something.
_MACHINERY = frozenset(
    {ActionClass.CI_CHANGE, ActionClass.INFRA_CHANGE, ActionClass.DEPS_CHANGE, ActionClass.SCHEMA_CHANGE}
)
_MODE = re.compile(r"[rwaxbt+]*[wax+][rwaxbt+]*")
_WRITERS = frozenset(
    {"write_text", "write_bytes", "unlink", "touch", "symlink_to", "hardlink_to", "symlink", "link", "truncate"}
    | {"rmtree", "copyfile", "copy2", "copytree", "removedirs", "renames"}
)
_STARTERS = re.compile(
    r"system|popen|run|call|check_call|check_output|Popen|getoutput|getstatusoutput|spawn|spawn[lv]p?e?|exec[lv]p?e?"
    r"|exec|eval|compile|create_subprocess_(?:shell|exec)|sh|bash"
)


def code_in(code: str, walk: Walk, *, python: bool) -> None:
    """Add what the program's text shows; `python` when it is written in Python."""
    shown = _read(code) if python else None
    literals = [a or b for a, b in _LITERAL.findall(code)]
    for literal in literals:
        telling_path(literal, walk)
    if shown is None:
        # Any string may be a command or a path, and all of them together a command.
        texts = [*literals, *_BACKTICKS.findall(code)]
        shown = _Shown(
            [*texts, " ".join(texts)], literals if _WRITING.search(code) else [], _NETWORK.search(code) is not None
        )
        if _DELETING.search(code):
            walk.add(ActionClass.FILE_DELETE, line_of(code)[:200])
    if shown.network:
        walk.add(ActionClass.NETWORK_REQUEST, line_of(code)[:200])
    if shown.unseen:
        walk.add(ActionClass.COMMAND_RUN, line_of(code)[:200], open="it runs a command that it puts together itself")
    for path in shown.deleted:
        note_path(path, Touch.DELETE, walk)
    for path in shown.written:
        if classify_path(path) in _MACHINERY:
            note_path(path, Touch.WRITE, walk)
    if _STARTING.search(code) is None and (python or _BACKTICKS.search(code) is None):
        return
    for command in shown.started:
        visible_verbs(command, walk)
    if _ENCODED.search(code):
        walk.add(ActionClass.COMMAND_RUN, line_of(code)[:200], open="it runs text that is hidden by an encoding")


@dataclass(slots=True)
class _Shown:
    """The texts that a program may run, the paths that it may write, whether it uses the network, whether it runs a
    command that cannot be read off it, and the paths that it plainly deletes."""

    started: list[str]
    written: list[str]
    network: bool
    unseen: bool = False
    deleted: tuple[str, ...] = ()


def _read(code: str) -> _Shown | None:
    """What the calls of a Python program show; None when it is not the Python of this version and is read like any
    other language."""
    try:
        tree = ast.parse(code)
        shown = _called(tree)
        shown.network = uses_network(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return shown


def _called(tree: ast.AST) -> _Shown:
    values = _assigned(tree)
    started: list[str] = []
    written: list[str] = []
    deleted: list[str] = []
    unseen = False
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        # A path that is computed, or one of many, is nobody's to guess: what is gone afterwards is judged.
        if _deletes(node) and (path := _deleted_by(node, values)) and len(path.split()) == 1:
            deleted.append(path)
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        texts = [text for text in (_text_of(argument, values) for argument in arguments) if text]
        if _STARTERS.fullmatch(_name_of(node.func)):
            started += texts
            unseen = unseen or (_starts_a_shell(node.func) and (not texts or _computed(arguments[0])))
        if _writes(node, texts):
            receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
            written += [*texts, *([_text_of(receiver, values)] if receiver is not None else [])]
    paths = [path for text in written for path in (text, *text.split())]
    return _Shown(started, paths, False, unseen, tuple(deleted))


def _deletes(call: ast.Call) -> bool:
    """Whether a call removes a file or a folder: `os.remove`, `shutil.rmtree`, `Path(…).unlink`."""
    name = _name_of(call.func)
    if name in ("unlink", "rmtree", "removedirs"):
        return True
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    return name in ("remove", "rmdir") and isinstance(receiver, ast.Name) and receiver.id == "os"


def _deleted_by(call: ast.Call, values: Mapping[str, str]) -> str:
    """The path that is removed: the first argument, or what a `Path` was made of; empty when it is computed."""
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    if call.args:
        return _text_of(call.args[0], values)
    if isinstance(receiver, ast.Call) and receiver.args:
        return _text_of(receiver.args[0], values)
    return _text_of(receiver, values) if receiver is not None else ""


def _computed(command: ast.expr) -> bool:
    """Whether a command is what some call returns, other than one that only puts texts together."""
    return isinstance(command, ast.Call) and _name_of(command.func) not in ("join", "format", "split", "quote", "str")


def _starts_a_shell(function: ast.expr) -> bool:
    """Whether a call surely runs a command, and is not a method that only has such a name (`asyncio.run`)."""
    name = _name_of(function)
    receiver = function.value if isinstance(function, ast.Attribute) else None
    if name in ("system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell", "Popen"):
        return True
    return isinstance(receiver, ast.Name) and receiver.id == "subprocess"


def _writes(call: ast.Call, texts: list[str]) -> bool:
    """Whether a call writes, removes or moves a file that it is given."""
    name = _name_of(call.func)
    if name == "open":
        return any(_MODE.fullmatch(text) for text in texts)
    if name in ("remove", "rename", "replace", "copy", "move"):
        # Lists and texts have methods of these names too.
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        return isinstance(receiver, ast.Name) and receiver.id in ("os", "shutil")
    return name in _WRITERS


def _assigned(tree: ast.AST) -> Mapping[str, str]:
    """Every text that a name is given anywhere, joined: which of them counts is not worth guessing."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.For | ast.comprehension):
            targets, value = [node.target], node.iter
        elif isinstance(node, ast.NamedExpr):
            targets, value = [node.target], node.value
        else:
            continue
        text = _text_of(value, found)
        for target in targets:
            if isinstance(target, ast.Name) and text:
                found[target.id] = f"{found.get(target.id, '')} {text}".strip()
    return found


def _name_of(function: ast.expr) -> str:
    """The last part of what is called; a `getattr` or an import made on the fly counts as the name it asks for."""
    if isinstance(function, ast.Attribute):
        return function.attr
    if isinstance(function, ast.Name):
        return function.id
    if isinstance(function, ast.Call) and _name_of(function.func) == "getattr" and len(function.args) > 1:
        wanted = function.args[1]
        return wanted.value if isinstance(wanted, ast.Constant) and isinstance(wanted.value, str) else "system"
    return ""


def _text_of(node: ast.expr, values: Mapping[str, str]) -> str:
    """All the text that an expression visibly holds, its parts in order."""
    parts: list[str] = []
    stack: list[ast.AST] = [node]
    while stack:
        here = stack.pop()
        if isinstance(here, ast.Constant):
            if isinstance(here.value, str | bytes):
                parts.append(here.value if isinstance(here.value, str) else here.value.decode("utf-8", "replace"))
        elif isinstance(here, ast.Name):
            parts.append(values.get(here.id, ""))
        elif isinstance(here, ast.BinOp) and isinstance(here.op, ast.Add):
            parts.append(_text_of(here.left, values) + _text_of(here.right, values))
        elif isinstance(here, ast.JoinedStr):
            parts.append("".join(_text_of(part, values) for part in here.values))
        else:
            stack.extend(reversed(list(ast.iter_child_nodes(here))))
    return " ".join(part for part in parts if part)
