"""Classifies a whole shell command: every simple command that it shows, every file it opens, and what stays hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from engine.governance import file_programs
from engine.governance.classified import Classified, Touch
from engine.governance.command_classes import knows, lookup, program_name
from engine.governance.path_classes import classify_path
from engine.governance.paths import in_workspace, plain
from engine.governance.shell import Kind, ShellError, Simple, Word, parse
from engine.governance.wrappers import unwrap
from engine.vocabulary.actions import ActionClass

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "mksh", "rbash"})
_CODE = {
    "python": "c",
    "node": "ep",
    "nodejs": "ep",
    "deno": "",
    "bun": "e",
    "perl": "eE",
    "ruby": "e",
    "php": "r",
    "lua": "e",
    "rscript": "e",
    "julia": "eE",
    "pwsh": "",
    "powershell": "",
    "osascript": "e",
    "tclsh": "",
}
_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*w?|py")
_HELP = frozenset({"--version", "--help", "-h", "-V", "version", "help", "-version"})
_NETWORK_CODE = re.compile(
    r"\b(?:urllib|requests|httpx|aiohttp|http\.client|socket|ftplib|smtplib|paramiko|urlopen|fetch\(|axios|net/http|Net::HTTP|"
    r"LWP|IO::Socket|XMLHttpRequest|Invoke-WebRequest|iwr|file_get_contents\(\s*['\"]https?:)"
)
_HIDING_CODE = re.compile(
    r"\b(?:os\.system|subprocess|popen|pty\.spawn|exec[lv]p?e?\(|child_process|execSync|spawn|shell_exec|passthru|system\(|"
    r"b64decode|atob\(|unhexlify|fromhex|codecs\.decode|marshal|__import__|eval\(|exec\(|getattr\()",
    re.IGNORECASE,
)
_LOOPBACK = re.compile(
    r"(?:https?://)?(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]|0\.0\.0\.0)(?::[0-9]+)?(?:[/?#].*)?\Z", re.IGNORECASE
)
_LITERAL = re.compile(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"")
_TOKEN = re.compile(r"[^\s\"'`$;|&(){}<>=\\]+")
_MAX_DEPTH = 8

# Classes whose verbs a hidden command must not show; the others are what any script is full of.
_TELLING = frozenset(
    {
        ActionClass.DEPLOY,
        ActionClass.GIT_MERGE,
        ActionClass.REPO_DELETE,
        ActionClass.GOVERNANCE_CHANGE,
        ActionClass.SECRET_READ,
        ActionClass.NETWORK_REQUEST,
        ActionClass.DEPS_CHANGE,
        ActionClass.SCHEMA_CHANGE,
        ActionClass.INFRA_CHANGE,
    }
)


@dataclass(slots=True)
class _Walk:
    """What is known while the commands are read in order: values of variables, the folder, the pieces found."""

    depth: int = 0
    variables: dict[str, str] = field(
        default_factory=lambda: {"PWD": "/workspace", "HOME": "/home", "TMPDIR": "/tmp", "IFS": " "}  # noqa: S108
    )
    cwd: str | None = ""
    found: list[Classified] = field(default_factory=list)
    stack: list[str | None] = field(default_factory=list)

    def add(
        self, action: ActionClass, subject: str, touch: Touch = Touch.RUN, *, open: str = "", breach: str = ""
    ) -> None:
        piece = Classified(action, subject, touch, open, breach)
        if piece not in self.found:
            self.found.append(piece)


@dataclass(frozen=True, slots=True)
class _Argument:
    text: str
    known: bool
    globs: bool


def classify_command(command: str) -> tuple[Classified, ...]:
    """Every piece of the command, never empty. Never raises."""
    walk = _Walk()
    _script(command, walk)
    if not walk.found:
        walk.add(ActionClass.COMMAND_RUN, _line(command))
    return tuple(walk.found)


def _line(text: str) -> str:
    return " ".join(text.split())


def _script(text: str, walk: _Walk) -> None:
    try:
        commands = parse(text)
    except (ShellError, RecursionError) as error:
        reason = str(error) if isinstance(error, ShellError) else "the command is nested too deeply to be looked at"
        _hidden(text, walk, f"it cannot be read as shell: {reason}")
        return
    for command in commands:
        _simple(command, text, walk)


def _hidden(text: str, walk: _Walk, reason: str) -> None:
    """Something runs that cannot be seen: a person decides, and a verb that is visible all the same counts in full."""
    walk.add(ActionClass.COMMAND_RUN, _line(text), open=reason)
    _visible_verbs(text, walk)


def _visible_verbs(text: str, walk: _Walk) -> None:
    tokens = _TOKEN.findall(text)[:2000]
    for at, token in enumerate(tokens):
        if knows(token):
            for action in sorted(lookup(tokens[at : at + 8]) & _TELLING):
                walk.add(action, " ".join(tokens[at : at + 4]))
        if token == "rm" and any(word.startswith("-") and "r" in word for word in tokens[at + 1 : at + 4]):
            walk.add(ActionClass.FILE_DELETE, " ".join(tokens[at : at + 4]))
        _telling_path(token, walk)


def _telling_path(token: str, walk: _Walk) -> None:
    path = in_workspace(token.split("=", 1)[-1])
    parts = plain(path).split("/")
    if ".git" in parts or path.startswith("/home/.orion"):
        walk.add(classify_path(path), path, Touch.WRITE)
    elif classify_path(path) in (ActionClass.SECRET_READ, ActionClass.GOVERNANCE_CHANGE):
        walk.add(classify_path(path), path, Touch.READ)


def _simple(command: Simple, whole: str, walk: _Walk) -> None:
    if command.enters:
        walk.stack.append(walk.cwd)
        return
    if command.leaves:
        walk.cwd = walk.stack.pop() if walk.stack else walk.cwd
        return
    if command.unset:
        walk.variables.pop(command.unset, None)
        return
    for redirect in command.redirects:
        _redirect(redirect.operator, _value(redirect.target, walk), walk)
    for name, word in command.assignments:
        value = _value(word, walk)
        if name in (
            "PATH",
            "LD_PRELOAD",
            "LD_LIBRARY_PATH",
            "PYTHONSTARTUP",
            "BASH_ENV",
            "ENV",
            "GIT_SSH_COMMAND",
            "PROMPT_COMMAND",
        ):
            _visible_verbs(value.text, walk)
        if not command.words:
            if value.known:
                walk.variables[name] = value.text
            else:
                walk.variables.pop(name, None)
    arguments = [argument for word in command.words for argument in _values(word, walk)]
    if arguments:
        _run(arguments, command, whole, walk)


def _value(word: Word, walk: _Walk) -> _Argument:
    text: list[str] = []
    known = True
    globs = False
    for part in word.parts:
        if part.kind is Kind.TEXT:
            text.append(part.text)
            globs = globs or (not part.quoted and any(c in "*?[{" for c in part.text))
        elif part.kind is Kind.VARIABLE and part.text in walk.variables:
            text.append(walk.variables[part.text])
        else:
            known = False
    return _Argument("".join(text), known, globs)


def _values(word: Word, walk: _Walk) -> list[_Argument]:
    """A word's value, split where the shell would split it."""
    value = _value(word, walk)
    if value.known and any(part.kind is Kind.VARIABLE and not part.quoted for part in word.parts):
        return [_Argument(text, True, value.globs) for text in value.text.split()]
    return [value]


def _redirect(operator: str, target: _Argument, walk: _Walk) -> None:
    if not target.known:
        walk.add(ActionClass.COMMAND_RUN, f"{operator} {target.text or '(computed)'}")
        return
    touch = Touch.READ if operator in ("<", "<&") else Touch.WRITE
    _path(target.text, touch, walk)


def _path(text: str, touch: Touch, walk: _Walk) -> None:
    """Note a path that the command touches, unless it is one that every program may use."""
    if text in ("", "-"):
        return
    if walk.cwd is None and not text.startswith(("/", "~")):
        path = text
        if ".." in path.split("/"):
            path = path.replace("../", "").replace("..", ".")
    else:
        path = in_workspace(text, walk.cwd or "")
    if file_programs.harmless(path, touch):
        return
    kind = classify_path(path)
    if touch is Touch.READ and kind not in (ActionClass.SECRET_READ,):
        kind = ActionClass.CODE_READ
    if touch is Touch.DELETE:
        walk.add(ActionClass.FILE_DELETE, path, touch)
        if kind in (ActionClass.CODE_WRITE, ActionClass.DOCS_WRITE, ActionClass.TESTS_WRITE, ActionClass.CONFIG_WRITE):
            return
    walk.add(kind, path, touch)


def _run(arguments: list[_Argument], command: Simple, whole: str, walk: _Walk) -> None:
    texts = [argument.text for argument in arguments]
    line = _line(" ".join(text or "$?" for text in texts))
    first = arguments[0]
    if not first.known or first.globs or "{" in first.text:
        _hidden(f"{line} {whole}", walk, "the program that it runs is known only when it runs")
        return
    inner = unwrap(texts)
    offset = len(texts) - len(inner.arguments)
    rest = (
        arguments[offset:]
        if tuple(texts[offset:]) == inner.arguments
        else [_Argument(t, True, False) for t in inner.arguments]
    )
    if not rest:
        walk.add(ActionClass.COMMAND_RUN, line)
        return
    if not rest[0].known or rest[0].globs:
        _hidden(f"{line} {whole}", walk, "the program that it runs is known only when it runs")
        return
    if inner.raises:
        walk.add(ActionClass.COMMAND_RUN, line, open="it asks for the rights of another user")
    if inner.fetches:
        walk.add(ActionClass.DEPS_CHANGE, line)
    _program(rest, command, whole, walk, fed=inner.fed)


def _program(arguments: list[_Argument], command: Simple, whole: str, walk: _Walk, *, fed: bool) -> None:
    texts = [argument.text for argument in arguments]
    name = program_name(texts[0])
    line = _line(" ".join(text or "$?" for text in texts))
    if len(texts) == 2 and texts[1] in _HELP and name not in _SHELLS:
        walk.add(ActionClass.CODE_READ, line)
        return
    if name in _SHELLS or name == "su":
        _shell(name, arguments, command, whole, walk, line)
    elif name in ("eval", "trap", "alias"):
        _evaluated(name, arguments, whole, walk)
    elif name in (".", "source"):
        _sourced(arguments, walk, line)
    elif _PYTHON.fullmatch(name) or name in _CODE:
        _interpreter(name, arguments, command, walk, line)
    elif name == "find":
        _find(arguments, command, whole, walk, line)
    elif name in ("cd", "pushd", "chdir"):
        _change_folder(arguments, walk)
    elif not _files(name, arguments, walk, line, fed=fed):
        _looked_up(name, texts, walk, line)


def _shell(name: str, arguments: list[_Argument], command: Simple, whole: str, walk: _Walk, line: str) -> None:
    if name == "su":
        walk.add(ActionClass.COMMAND_RUN, line, open="it asks for the rights of another user")
    rest = arguments[1:]
    for at, argument in enumerate(rest):
        text = argument.text
        if text == "--command" or (text.startswith("-") and not text.startswith("--") and "c" in text[1:]):
            if at + 1 >= len(rest):
                break
            script = rest[at + 1]
            if script.known:
                _nested(script.text, walk)
            else:
                _hidden(f"{script.text} {whole}", walk, "the script that it runs is known only when it runs")
            return
        if not text.startswith(("-", "+")):
            if not argument.known or text in ("/dev/stdin", "/proc/self/fd/0"):
                break
            walk.add(ActionClass.COMMAND_RUN, line)
            _path(text, Touch.READ, walk)
            return
    if command.heredoc is not None and "$unknown" not in command.heredoc:
        _nested(command.heredoc, walk)
    elif command.piped or command.redirects or rest:
        _hidden(whole, walk, "it feeds a shell with text that is known only when it runs")
    else:
        walk.add(ActionClass.COMMAND_RUN, line)


def _nested(script: str, walk: _Walk) -> None:
    if walk.depth >= _MAX_DEPTH:
        _hidden(script, walk, "it is nested too deeply to be looked at")
        return
    walk.depth += 1
    before = walk.cwd
    _script(script, walk)
    walk.cwd = before
    walk.depth -= 1


def _evaluated(name: str, arguments: list[_Argument], whole: str, walk: _Walk) -> None:
    rest = arguments[1:]
    if name == "alias":
        for argument in rest:
            if "=" in argument.text:
                _nested(argument.text.partition("=")[2], walk)
        walk.add(ActionClass.CODE_READ, name)
        return
    if name == "trap":
        if rest and rest[0].known and rest[0].text not in ("-", "-p", "-l", ""):
            _nested(rest[0].text, walk)
        walk.add(ActionClass.CODE_READ, name)
        return
    text = " ".join(argument.text for argument in rest)
    walk.add(ActionClass.COMMAND_RUN, _line(f"eval {text}"), open="`eval` runs text that it puts together itself")
    _nested(text, walk)
    _visible_verbs(whole, walk)


def _sourced(arguments: list[_Argument], walk: _Walk, line: str) -> None:
    if len(arguments) > 1 and not arguments[1].known:
        walk.add(ActionClass.COMMAND_RUN, line, open="the script that it reads is known only when it runs")
        return
    walk.add(ActionClass.COMMAND_RUN, line)
    for argument in arguments[1:2]:
        _path(argument.text, Touch.READ, walk)


def _interpreter(name: str, arguments: list[_Argument], command: Simple, walk: _Walk, line: str) -> None:
    letters = "c" if _PYTHON.fullmatch(name) else _CODE[name]
    rest = arguments[1:]
    for at, argument in enumerate(rest):
        text = argument.text
        if _PYTHON.fullmatch(name) and text == "-m" and at + 1 < len(rest):
            _program([*rest[at + 1 :]], command, line, walk, fed=False)
            return
        inline = text in ("--eval", "--print", "-Command", "-c", "eval") or (
            text.startswith("-") and not text.startswith("--") and any(c in letters for c in text[1:])
        )
        if inline and at + 1 < len(rest) and (letters or text != "-c" or name in ("pwsh", "powershell")):
            code = rest[at + 1]
            walk.add(
                ActionClass.COMMAND_RUN, line, open="" if code.known else "the program text is known only when it runs"
            )
            code_in(code.text, walk)
            return
        if not text.startswith("-"):
            break
    script = next((a.text for a in rest if not a.text.startswith("-")), None)
    if script is None and command.heredoc is not None:
        walk.add(ActionClass.COMMAND_RUN, line)
        code_in(command.heredoc, walk)
        return
    if script is None and command.piped:
        walk.add(
            ActionClass.COMMAND_RUN, line, open="it feeds an interpreter with text that is known only when it runs"
        )
        return
    if not _looked_up("python" if _PYTHON.fullmatch(name) else name, [name, *[a.text for a in rest]], walk, line):
        return
    for argument in rest:
        _mentioned(argument.text, walk)


def code_in(code: str, walk: _Walk) -> None:
    """What can be seen in the text of a program given on the command line: its strings, and what it calls."""
    if _NETWORK_CODE.search(code):
        walk.add(ActionClass.NETWORK_REQUEST, _line(code)[:200])
    literals = [a or b for a, b in _LITERAL.findall(code)]
    hiding = _HIDING_CODE.search(code) is not None
    for literal in literals:
        _telling_path(literal, walk)
        if hiding:
            _visible_verbs(literal, walk)
    if hiding:
        _visible_verbs(" ".join(literals), walk)
        if re.search(r"b64decode|atob\(|unhexlify|fromhex|codecs\.decode|marshal", code):
            walk.add(ActionClass.COMMAND_RUN, _line(code)[:200], open="it runs text that is hidden by an encoding")


def _find(arguments: list[_Argument], command: Simple, whole: str, walk: _Walk, line: str) -> None:
    rest = arguments[1:]
    roots: list[str] = []
    for argument in rest:
        if argument.text.startswith(("-", "(", "!")):
            break
        roots.append(argument.text)
    for root in roots:
        _path(root, Touch.READ, walk)
    at = len(roots)
    narrowed = any(
        argument.text in ("-name", "-iname", "-path", "-ipath", "-regex", "-newer", "-size") for argument in rest
    )
    while at < len(rest):
        word = rest[at].text
        if word in ("-exec", "-execdir", "-ok", "-okdir"):
            end = next((i for i in range(at + 1, len(rest)) if rest[i].text in (";", "+")), len(rest))
            inner = [_Argument(a.text, a.known, False) for a in rest[at + 1 : end]]
            if inner:
                _run([a if a.text != "{}" else _Argument("{}", True, False) for a in inner], command, whole, walk)
            at = end
        elif word == "-delete":
            names = [
                rest[i + 1].text for i in range(len(rest) - 1) if rest[i].text in ("-name", "-iname", "-path", "-ipath")
            ]
            if not narrowed:
                for root in roots or ["."]:
                    _path(root, Touch.DELETE, walk)
            for pattern in names or [line]:
                walk.add(ActionClass.FILE_DELETE, pattern, Touch.RUN)
        elif word in ("-fprint", "-fprint0", "-fls", "-fprintf") and at + 1 < len(rest):
            _path(rest[at + 1].text, Touch.WRITE, walk)
            at += 1
        at += 1
    walk.add(ActionClass.CODE_READ, line)


def _change_folder(arguments: list[_Argument], walk: _Walk) -> None:
    target = next((a for a in arguments[1:] if not a.text.startswith("-") or a.text == "-"), None)
    if target is None or not target.known or target.text == "-" or walk.cwd is None:
        walk.cwd = None if target is not None else "/home"
    else:
        walk.cwd = in_workspace(target.text, walk.cwd)
        walk.cwd = "" if walk.cwd == "." else walk.cwd
        if not file_programs.harmless(walk.cwd, Touch.READ):
            walk.add(ActionClass.CODE_READ, walk.cwd or ".", Touch.READ)
            return
    walk.add(ActionClass.CODE_READ, _line(" ".join(a.text for a in arguments)))


def _files(name: str, arguments: list[_Argument], walk: _Walk, line: str, *, fed: bool) -> bool:
    """A program whose effects on files stand in its arguments. False when it is none."""
    touches = file_programs.touches(name, [a.text for a in arguments[1:]])
    if touches is None:
        return False
    seen = False
    unseen = fed
    for index, touch, text in touches:
        argument = arguments[1 + index]
        if not argument.known and not (text and touch is not Touch.READ and "/" in text):
            unseen = unseen or touch is not Touch.READ
            continue
        seen = True
        _path(text, touch, walk)
    action = file_programs.kind_of(name, [a.text for a in arguments[1:]])
    if unseen or not seen or action is ActionClass.CODE_READ:
        walk.add(action, line)
    for reason in file_programs.escapes(name, [a.text for a in arguments[1:]]):
        walk.add(ActionClass.COMMAND_RUN, line, open=reason)
        _visible_verbs(line, walk)
    return True


def _looked_up(name: str, texts: Sequence[str], walk: _Walk, line: str) -> bool:
    """Classify by the table; `command.run` for a program that nobody can look into."""
    actions = lookup([name, *texts[1:]])
    if ActionClass.NETWORK_REQUEST in actions and _stays_here(name, texts[1:]):
        actions = actions - {ActionClass.NETWORK_REQUEST} | {ActionClass.COMMAND_RUN}
    breach = git_breach(texts[1:]) if name == "git" else ""
    opened = (
        "a git alias can run any command" if name == "git" and any("alias." in t and "!" in t for t in texts) else ""
    )
    if name == "git" and not actions:
        actions = frozenset({ActionClass.COMMAND_RUN})
    for action in sorted(actions or {ActionClass.COMMAND_RUN}):
        walk.add(action, line, open=opened, breach=breach)
    if opened:
        _visible_verbs(line, walk)
    if name not in ("echo", "printf", "ls", "test", "[", "git", "expr", "export"):
        for text in texts[1:]:
            _mentioned(text, walk)
    if name == "git":
        for path in _git_paths(texts[1:]):
            _path(path, Touch.DELETE if "rm" in texts[1:3] else Touch.READ, walk)
    if name in ("sqlite3", "psql", "mysql", "mariadb", "duckdb") and re.search(
        r"\b(?:drop|alter|create|truncate)\s+(?:table|schema|index|database|column|view|type)\b", line, re.IGNORECASE
    ):
        walk.add(ActionClass.SCHEMA_CHANGE, line)
    _outputs(texts[1:], walk)
    return True


def _outputs(texts: Sequence[str], walk: _Walk) -> None:
    for at, text in enumerate(texts):
        if text in ("-o", "--output", "-O", "--output-document", "--outfile", "--out") and at + 1 < len(texts):
            if "/" in texts[at + 1] or "." in texts[at + 1]:
                _path(texts[at + 1], Touch.WRITE, walk)
        elif text.startswith(("--output=", "--outfile=")):
            _path(text.partition("=")[2], Touch.WRITE, walk)


def _mentioned(text: str, walk: _Walk) -> None:
    """An argument of a program that cannot be looked into: a secret, git's own folder or Orion's counts as touched."""
    value = text.partition("=")[2] if text.startswith("-") else text
    value = value.removeprefix("@")
    if not value or len(value) > 4096 or " " in value:
        return
    path = in_workspace(value, walk.cwd or "")
    parts = plain(path).split("/")
    kind = classify_path(path)
    if kind in (ActionClass.SECRET_READ, ActionClass.GOVERNANCE_CHANGE) or ".git" in parts[:-1]:
        walk.add(kind if kind is not ActionClass.CODE_WRITE else ActionClass.CODE_READ, path, Touch.READ)


def _stays_here(name: str, texts: Sequence[str]) -> bool:
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


def _git_paths(texts: Sequence[str]) -> Iterator[str]:
    """Paths in git's arguments that are worth a look: those it deletes, and `revision:path` or plain ones that it shows."""
    words = [t for t in texts if not t.startswith("-")]
    if not words:
        return
    if words[0] == "rm":
        yield from words[1:]
    elif words[0] in ("show", "cat-file", "diff", "blame", "log"):
        for word in words[1:]:
            path = word.partition(":")[2] if ":" in word else word
            if path and classify_path(path) is ActionClass.SECRET_READ:
                yield path
