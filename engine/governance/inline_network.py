"""Whether a Python program given on a command line uses the network. Importing a module is no request; using it is."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TALKING = """
urllib.request urllib3 requests httpx aiohttp http.client socket ftplib smtplib poplib imaplib telnetlib nntplib
paramiko asyncssh websocket websockets pycurl xmlrpc.client boto3 botocore grpc pymysql psycopg psycopg2 asyncpg
redis pymongo fabric
"""
_MODULES = tuple(_TALKING.split())
# What these modules offer beside talking to somebody: names of the machine itself, spellings of numbers.
_LOCAL = re.compile(
    r"__(?:version|name|file|doc|path|all|spec)__|[A-Z][A-Z0-9_]*|\w*(?:Error|Exception|Timeout|Warning)|error|herror"
    r"|gaierror|timeout|exceptions(?:\.\w+)?|gethostname|getfqdn|hton[sl]|ntoh[sl]|inet_\w+|socketpair|has_ipv6"
    r"|codes(?:\.\w+)?|utils\.\w+|pathname2url|url2pathname|responses"
)
_LOOKS = frozenset({"print", "dir", "help", "type", "repr", "str", "id", "getsource", "getfile", "reload"})
_ASKED_FOR = frozenset({"__import__", "import_module"})


def uses_network(tree: ast.AST) -> bool:
    """Whether something of a network module is used, not only imported. Errs towards yes."""
    names = _imported(tree)
    looked_at = {id(argument) for call in _calls(tree) if _name(call.func) in _LOOKS for argument in call.args}
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in _ASKED_FOR and _asked(node):
            return True
        if not isinstance(node, ast.Name | ast.Attribute) or id(node) in inner:
            continue
        dotted = _dotted(node, names)
        if dotted and _reaches(dotted, looked_at=id(node) in looked_at):
            return True
    return any("*" in name and _module_of(name) for name in names.values())


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _asked(call: ast.Call) -> bool:
    first = call.args[0] if call.args else None
    return isinstance(first, ast.Constant) and isinstance(first.value, str) and bool(_module_of(first.value))


def _imported(tree: ast.AST) -> Mapping[str, str]:
    """What each name that an import binds stands for, dotted; a star keeps its `*`."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def _dotted(node: ast.expr, names: Mapping[str, str]) -> str:
    """The dotted name that an expression spells, empty when it does not begin with what was imported."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in names:
        return ""
    return ".".join([names[node.id], *reversed(parts)])


def _module_of(dotted: str) -> str:
    return next((name for name in _MODULES if dotted == name or dotted.startswith(name + ".")), "")


def _reaches(dotted: str, *, looked_at: bool) -> bool:
    module = _module_of(dotted)
    if not module:
        return False
    rest = dotted[len(module) + 1 :]
    # The module itself, handed on: to a function that only shows it, or to one that nobody can see into.
    return not looked_at if not rest else _LOCAL.fullmatch(rest) is None
