"""The documentation names only commands, options and pages that there are, and has a place for each command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from orion_tui.cli.exits import Exit
from orion_tui.cli.root import COMMANDS, cli

_ROOT = Path(__file__).parent.parent
_PAGES = sorted([*_ROOT.glob("docs/*.md"), _ROOT / "README.md", _ROOT / "CONTRIBUTING.md"])
_FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^    (orion .*)$", re.MULTILINE)
_INLINE = re.compile(r"`(orion [^`\n]+)`")
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)]+))?\)")
_ENDS = {"|", "||", "&&", ";", ">", ">>", "<", "…", "..."}


def commands_of(text: str) -> list[list[str]]:
    """Every command of Orion's own that stands as code in a page, as its arguments."""
    fenced = [line.strip().removeprefix("$ ") for block in _FENCED.findall(text) for line in block.splitlines()]
    lines = [*fenced, *_INDENTED.findall(text), *_INLINE.findall(_FENCED.sub("", text))]
    found = []
    for line in lines:
        if not line.startswith("orion "):
            continue
        words = shlex.split(line, comments=True)[1:]
        ends = [at for at, word in enumerate(words) if word in _ENDS]
        found.append(words[: ends[0]] if ends else words)
    return found


def fault_of(words: list[str]) -> str:
    """What is wrong with the command, without running it: an unknown name or option; empty when nothing is."""
    command: click.Command = cli
    context = click.Context(command, info_name="orion", resilient_parsing=True)
    rest = list(words)
    while rest and isinstance(command, click.Group) and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        if found is None:
            return f"there is no command {rest[0]!r}"
        context = click.Context(found, info_name=rest.pop(0), parent=context, resilient_parsing=True)
        command = found
    known = {name for parameter in command.get_params(context) for name in (*parameter.opts, *parameter.secondary_opts)}
    for word in rest:
        if word == "--":
            break
        name = word.split("=")[0]
        if re.match(r"--?[a-z]", word) and name not in known:
            return f"there is no option {name!r}"
    return ""


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_page_is_one_that_there_is(page: Path) -> None:
    wrong = {" ".join(words): fault_of(words) for words in commands_of(page.read_text())}
    assert not {words: fault for words, fault in wrong.items() if fault}


def test_a_command_that_is_gone_would_be_seen() -> None:
    text = "Run `orion promte ID` or\n```sh\norion scan --quik src | less  # fast\norion --version\n```\n"
    assert [fault_of(words) for words in commands_of(text)] == [
        "there is no option '--quik'",
        "",
        "there is no command 'promte'",
    ]


def anchors_of(page: Path) -> set[str]:
    """The names that the headings of a page can be linked by."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", [*_PAGES, _ROOT / "CHANGELOG.md"], ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target, anchor in _LINK.findall(page.read_text()):
        if "://" in target:
            continue
        there = page.parent / target if target else page
        assert there.exists(), target
        assert not anchor or anchor in anchors_of(there), f"{target}#{anchor}"


def test_the_page_of_commands_has_each_of_them_and_each_exit_code() -> None:
    text = (_ROOT / "docs/commands.md").read_text()
    named = {words[0] for words in commands_of(text) if words}
    assert not {name for section in COMMANDS.values() for name in section} - named
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == set(Exit)
