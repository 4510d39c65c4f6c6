"""Classifies a whole shell command: every simple command that it shows, every file it opens, and what stays hidden."""

from __future__ import annotations

import re

from engine.governance import file_programs
from engine.governance.classified import Classified, Touch
from engine.governance.command_classes import program_name
from engine.governance.command_git import git_runs
from engine.governance.command_lookup import looked_up, named_for
from engine.governance.command_walk import (
    Argument,
    Walk,
    hidden,
    line_of,
    mentioned,
    note_path,
    visible_verbs,
)
from engine.governance.inline_code import code_in
from engine.governance.paths import in_workspace, plain
from engine.governance.shell import parse
from engine.governance.shell_values import Kind, ShellError, Simple, Word
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
_MAX_DEPTH = 8


def classify_command(command: str) -> tuple[Classified, ...]:
    """Every piece of the command, never empty. Never raises."""
    walk = Walk()
    _script(command, walk)
    if not walk.found:
        walk.add(ActionClass.COMMAND_RUN, line_of(command))
    return tuple(walk.found)


def _script(text: str, walk: Walk) -> None:
    try:
        commands = parse(text)
    except (ShellError, RecursionError) as error:
        reason = str(error) if isinstance(error, ShellError) else "the command is nested too deeply to be looked at"
        hidden(text, walk, f"it cannot be read as shell: {reason}")
        return
    for command in commands:
        _simple(command, text, walk)


def _simple(command: Simple, whole: str, walk: Walk) -> None:
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
            visible_verbs(value.text, walk)
        if not command.words:
            if value.known:
                walk.variables[name] = value.text
            else:
                walk.variables.pop(name, None)
    arguments = [argument for word in command.words for argument in _values(word, walk)]
    if arguments:
        _run(arguments, command, whole, walk)


def _value(word: Word, walk: Walk) -> Argument:
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
    first = next((part for part in word.parts if part.text or part.kind is not Kind.TEXT), None)
    opens = not known and first is not None and first.kind is not Kind.TEXT and first.text not in walk.variables
    return Argument("".join(text), known, globs, opens)


def _values(word: Word, walk: Walk) -> list[Argument]:
    """A word's value, split where the shell would split it."""
    value = _value(word, walk)
    if value.known and any(part.kind is Kind.VARIABLE and not part.quoted for part in word.parts):
        return [Argument(text, True, value.globs) for text in value.text.split()]
    return [value]


def _redirect(operator: str, target: Argument, walk: Walk) -> None:
    if not target.known:
        walk.add(ActionClass.COMMAND_RUN, f"{operator} {target.text or '(computed)'}")
        return
    touch = Touch.READ if operator in ("<", "<&") else Touch.WRITE
    note_path(target.text, touch, walk)


def _run(arguments: list[Argument], command: Simple, whole: str, walk: Walk) -> None:
    texts = [argument.text for argument in arguments]
    line = line_of(" ".join(text or "$?" for text in texts))
    first = arguments[0]
    if not first.known or (first.globs and first.text != "["):
        hidden(f"{line} {whole}", walk, "the program that it runs is known only when it runs")
        return
    inner = unwrap(texts)
    offset = len(texts) - len(inner.arguments)
    rest = (
        arguments[offset:]
        if tuple(texts[offset:]) == inner.arguments
        else [Argument(t, True, False) for t in inner.arguments]
    )
    if not rest:
        walk.add(ActionClass.COMMAND_RUN, line)
        return
    if not rest[0].known or (rest[0].globs and rest[0].text != "["):
        hidden(f"{line} {whole}", walk, "the program that it runs is known only when it runs")
        return
    if inner.raises:
        walk.add(ActionClass.COMMAND_RUN, line, open="it asks for the rights of another user")
    if inner.fetches:
        walk.add(ActionClass.DEPS_CHANGE, line)
    _program(rest, command, whole, walk, fed=inner.fed)


def _program(arguments: list[Argument], command: Simple, whole: str, walk: Walk, *, fed: bool) -> None:
    texts = [argument.text for argument in arguments]
    name = program_name(texts[0])
    line = line_of(" ".join(text or "$?" for text in texts))
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
        looked_up(name, arguments, walk, line, whole=whole, fed=fed)
        if "/" in texts[0]:
            named_for(texts[0], walk, line)
        if name == "git":
            for script in git_runs(texts[1:]):
                _nested(script, walk)
        walk.said = texts[1:] if name in ("echo", "printf") else []


def _shell(name: str, arguments: list[Argument], command: Simple, whole: str, walk: Walk, line: str) -> None:
    if name == "su":
        walk.add(ActionClass.COMMAND_RUN, line, open="it asks for the rights of another user")
    rest = arguments[1:]
    for at, argument in enumerate(rest):
        text = argument.text
        if at and rest[at - 1].text in ("-o", "+o", "-O", "+O", "--rcfile", "--init-file"):
            continue
        if text == "--command" or (text.startswith("-") and not text.startswith("--") and "c" in text[1:]):
            if at + 1 >= len(rest):
                break
            script = rest[at + 1]
            if script.known:
                _nested(script.text, walk)
            else:
                hidden(f"{script.text} {whole}", walk, "the script that it runs is known only when it runs")
            return
        if not text.startswith(("-", "+")):
            if not argument.known or text in ("/dev/stdin", "/proc/self/fd/0"):
                break
            walk.add(ActionClass.COMMAND_RUN, line)
            note_path(text, Touch.READ, walk)
            named_for(text, walk, line)
            return
    if command.heredoc is not None and "$unknown" not in command.heredoc:
        _nested(command.heredoc, walk)
    elif command.piped or command.redirects or rest:
        hidden(whole, walk, "it feeds a shell with text that is known only when it runs")
    else:
        walk.add(ActionClass.COMMAND_RUN, line)


def _nested(script: str, walk: Walk) -> None:
    if walk.depth >= _MAX_DEPTH:
        hidden(script, walk, "it is nested too deeply to be looked at")
        return
    walk.depth += 1
    before = walk.cwd
    _script(script, walk)
    walk.cwd = before
    walk.depth -= 1


def _evaluated(name: str, arguments: list[Argument], whole: str, walk: Walk) -> None:
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
    walk.add(ActionClass.COMMAND_RUN, line_of(f"eval {text}"), open="`eval` runs text that it puts together itself")
    _nested(text, walk)
    visible_verbs(whole, walk)


def _sourced(arguments: list[Argument], walk: Walk, line: str) -> None:
    if len(arguments) > 1 and not arguments[1].known:
        walk.add(ActionClass.COMMAND_RUN, line, open="the script that it reads is known only when it runs")
        return
    walk.add(ActionClass.COMMAND_RUN, line)
    for argument in arguments[1:2]:
        note_path(argument.text, Touch.READ, walk)
        named_for(argument.text, walk, line)


def _interpreter(name: str, arguments: list[Argument], command: Simple, walk: Walk, line: str) -> None:
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
            code_in(code.text, walk, python=letters == "c")
            _edited(rest[at + 2 :], rest[: at + 1], walk)
            return
        if not text.startswith("-"):
            break
    script = next((a.text for a in rest if not a.text.startswith("-")), None)
    if script is None and command.heredoc is not None:
        walk.add(ActionClass.COMMAND_RUN, line)
        code_in(command.heredoc, walk, python=letters == "c")
        return
    if script is None and command.piped:
        walk.add(
            ActionClass.COMMAND_RUN, line, open="it feeds an interpreter with text that is known only when it runs"
        )
        return
    looked_up("python" if _PYTHON.fullmatch(name) else name, arguments, walk, line)
    if script is not None:
        named_for(script, walk, line)
    for argument in rest:
        mentioned(argument.text, walk)


def _edited(files: list[Argument], options: list[Argument], walk: Walk) -> None:
    """The files behind `perl -pi -e …` and its like, which are written in place."""
    if any(re.match(r"-[a-zA-Z0-9]*i", option.text) for option in options):
        for file in files:
            if file.known and not file.text.startswith("-"):
                note_path(file.text, Touch.WRITE, walk)


def _find(arguments: list[Argument], command: Simple, whole: str, walk: Walk, line: str) -> None:
    rest = arguments[1:]
    roots: list[str] = []
    for argument in rest:
        if argument.text.startswith(("-", "(", "!")):
            break
        roots.append(argument.text)
    for root in roots:
        note_path(root, Touch.READ, walk)
    at = len(roots)
    narrowed = any(
        argument.text in ("-name", "-iname", "-path", "-ipath", "-regex", "-newer", "-size") for argument in rest
    )
    while at < len(rest):
        word = rest[at].text
        if word in ("-exec", "-execdir", "-ok", "-okdir"):
            end = next((i for i in range(at + 1, len(rest)) if rest[i].text in (";", "+")), len(rest))
            inner = [Argument(a.text, a.known, False) for a in rest[at + 1 : end]]
            if inner:
                _run([a if a.text != "{}" else Argument("{}", True, False) for a in inner], command, whole, walk)
            at = end
        elif word == "-delete":
            names = [
                rest[i + 1].text
                for i in range(len(rest) - 1)
                if rest[i].text in ("-name", "-iname", "-path", "-ipath")
                and (i == 0 or rest[i - 1].text not in ("-not", "!"))
            ]
            if not narrowed:
                for root in roots or ["."]:
                    note_path(root, Touch.DELETE, walk)
            for pattern in names or [line]:
                walk.add(ActionClass.FILE_DELETE, pattern, Touch.RUN)
                if ".git" in plain(pattern).split("/"):
                    note_path(pattern, Touch.DELETE, walk)
        elif word in ("-fprint", "-fprint0", "-fls", "-fprintf") and at + 1 < len(rest):
            note_path(rest[at + 1].text, Touch.WRITE, walk)
            at += 1
        at += 1
    walk.add(ActionClass.CODE_READ, line)


def _change_folder(arguments: list[Argument], walk: Walk) -> None:
    target = next((a for a in arguments[1:] if not a.text.startswith("-") or a.text == "-"), None)
    if target is None or not target.known or target.text == "-" or walk.cwd is None:
        walk.cwd = None if target is not None else "/home"
    else:
        walk.cwd = in_workspace(target.text, walk.cwd)
        walk.cwd = "" if walk.cwd == "." else walk.cwd
        if not file_programs.harmless(walk.cwd, Touch.READ):
            walk.add(ActionClass.CODE_READ, walk.cwd or ".", Touch.READ)
            return
    walk.add(ActionClass.CODE_READ, line_of(" ".join(a.text for a in arguments)))


def _files(name: str, arguments: list[Argument], walk: Walk, line: str, *, fed: bool) -> bool:
    """A program whose effects on files stand in its arguments. False when it is none."""
    touches = file_programs.touches(name, [a.text for a in arguments[1:]])
    if touches is None:
        return False
    seen = False
    unseen = fed
    for index, touch, text in touches:
        argument = arguments[1 + index]
        text = text.lstrip("/") if argument.opens else text
        if not argument.known and not (text and touch is not Touch.READ and "/" in text):
            unseen = unseen or touch is not Touch.READ
            continue
        seen = True
        note_path(text, touch, walk)
    action = file_programs.kind_of(name, [a.text for a in arguments[1:]])
    if unseen or not seen or action in (ActionClass.CODE_READ, ActionClass.NETWORK_REQUEST):
        walk.add(action, line)
    for reason in file_programs.escapes(name, [a.text for a in arguments[1:]]):
        walk.add(ActionClass.COMMAND_RUN, line, open=reason)
        visible_verbs(line, walk)
    return True
