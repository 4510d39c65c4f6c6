"""Roles in words and lines: the list, one role in full, its form, its file, and the table of the dry run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.roles import RoleSource
from engine.vocabulary.text import lines_of, visible
from engine.vocabulary.verdicts import Decision
from orion_tui.widgets.columns import cell, count
from orion_tui.widgets.marked_list import Entry, gap, heading, rows_of
from orion_tui.widgets.prose import HANG, laid
from orion_tui.widgets.rows import Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.vocabulary.errors import Problem
    from engine.vocabulary.forms import FormField, FormPreview
    from engine.vocabulary.requests import RoleEntry
    from engine.vocabulary.role_forms import Trial
    from engine.vocabulary.roles import AuthorityRule
    from orion_tui.widgets.signs import Part, Parts

_DECISIONS: Mapping[Decision, tuple[str, str, str]] = {
    Decision.ALLOW: ("✓", "allow", "good"),
    Decision.PARK: ("◐", "park", ""),
    Decision.BLOCK: ("⊘", "block", "bad"),
}
_WORD_SIGNS = {"alone": ("✓", "good"), "asks": ("◐", ""), "never": ("⊘", "bad")}
_SOURCES = {RoleSource.STARTER: "starter", RoleSource.USER: "yours", RoleSource.PROJECT: "repository"}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a role stands: a sign, a word and a tone."""

    sign: str
    word: str
    tone: str


def standing(entry: RoleEntry) -> Standing:
    """Whether it can be used, and if not, why."""
    if entry.role is None:
        return Standing("✗", "broken", "bad")
    if entry.hidden_by is not None:
        return Standing("-", f"hidden by {'yours' if entry.hidden_by is RoleSource.USER else 'a starter'}", "muted")
    if entry.source is not RoleSource.PROJECT:
        return Standing("✓", "", "good")
    return Standing("✓", "trusted", "good") if entry.trusted else Standing("◐", "untrusted", "accent")


def whose(entry: RoleEntry) -> str:
    """Source and standing in words: `repository, untrusted`."""
    word = standing(entry).word
    return _SOURCES[entry.source] + (f", {word}" if word else "")


def list_rows(entries: Sequence[RoleEntry], width: int) -> tuple[Row, ...]:
    """The list by source; the key of a row is the path of the file."""
    made: list[Entry] = []
    for source, title in (
        (RoleSource.USER, "YOURS"),
        (RoleSource.PROJECT, "OF THE REPOSITORY"),
        (RoleSource.STARTER, "STARTERS"),
    ):
        of_it = [entry for entry in entries if entry.source is source]
        if of_it:
            made += [gap()] if made else []
            made.append(heading(title, count(len(of_it), "role")))
        for entry in of_it:
            state = standing(entry)
            right = ((f"{state.word} ", state.tone),) if state.word else ()
            made.append(Entry(entry.path, (f"{state.sign} ", state.tone), entry.name, right, least=10))
    return rows_of(made, width)


def problem_parts(problem: Problem) -> Parts:
    """One fault: place, field, what is wrong, what was expected."""
    place = f"line {problem.line}, " if problem.line else ""
    field = f"{visible(problem.field)}: " if problem.field else ""
    parts: list[Part] = [("✗ ", "bad"), (HANG, ""), (f"{place}{field}{visible(problem.message)}", "bad")]
    return (*parts, (f"; {visible(problem.hint)}", "")) if problem.hint else tuple(parts)


def role_detail(entry: RoleEntry, since: str) -> Parts:
    """Everything about a role of the list; `since` is what changed since it was trusted."""
    role, state = entry.role, standing(entry)
    title = visible(role.display_name if role else entry.name)
    parts: list[Part] = [(f"{title}\n", "title")]
    parts += [(f"{visible(entry.name)} · ", "muted"), (f"{state.sign} {whose(entry)}\n", state.tone)]
    parts.append((f"{visible(entry.path)}\n", "muted"))
    if entry.hidden_by is not None:
        parts.append(("\nThe name is taken, and a repository's role never takes its place: rename it.\n", ""))
    for problem in entry.problems:
        parts += [("\n", ""), *problem_parts(problem)]
    if role is None:
        parts.append(("\n\nenter opens what can be read of it; a broken file hides no other role.", "muted"))
        return tuple(parts)
    parts.append((f"\n{visible(role.description)}\n", ""))
    if state.word == "untrusted":
        parts.append(("\nWhoever wrote the repository wrote this. enter shows it, T trusts it as it is.\n", "accent"))
    if since:
        parts += [("\nSINCE YOU TRUSTED IT\n", "title"), *diff_parts(since), ("\n", "")]
    parts += [("\nmay change  ", "muted"), (HANG, ""), (f"{visible(', '.join(role.scope))}\n", "")]
    for word, rules in (
        ("alone", role.authority.autonomous),
        ("asks", role.authority.requires_approval),
        ("never", role.authority.forbidden),
    ):
        sign, tone = _WORD_SIGNS[word]
        parts += [(f"{sign} {word:<10}", tone), (HANG, ""), (f"{_rules(rules)}\n", "")]
    for notice in role.notices:
        parts += [("\n⚑ ", ""), (HANG, ""), (visible(notice), "")]
    return tuple(parts)


def diff_parts(diff: str, most: int = 40) -> list[Part]:
    """A unified diff as signed lines, its two file lines left out."""
    lines = lines_of(diff)[2:]
    parts: list[Part] = []
    for number, line in enumerate(lines[:most]):
        tone = {"+": "good", "-": "bad", "@": "muted"}.get(line[:1], "")
        parts.append((("\n" if number else "") + visible(line), tone))
    if len(lines) > most:
        parts.append((f"\n… {count(len(lines) - most, 'line')} more", "muted"))
    return parts


def _rules(rules: Sequence[AuthorityRule]) -> str:
    return visible(", ".join(str(rule) for rule in rules))


# -- one role


def form_rows(preview: FormPreview, width: int) -> tuple[Row, ...]:
    """The form: label and value; a field with a fault has its sign."""
    made: list[Entry] = []
    group = ""
    label_width = 18 if width < 70 else 22
    for field in preview.fields:
        if field.group != group:
            group = field.group
            made += ([gap()] if made else []) + [heading(group)]
        sign: Part = ("  ", "")
        first = field.words.partition(":")[0]
        if field.key.startswith("authority:") and first in _WORD_SIGNS:
            sign = (f"{_WORD_SIGNS[first][0]} ", _WORD_SIGNS[first][1])
        if preview.problems_of(field):
            sign = ("✗ ", "bad")
        value, tone = (field.words, "") if field.words else (field.default, "muted")
        made.append(Entry(field.key, sign, f"{cell(field.label, label_width)} {value}", tone=tone))
    if not made:
        made = [
            heading("NO FORM: THE FILE IS NO YAML"),
            Entry("", ("  ", ""), "mend it in an editor; this screen follows"),
        ]
    return rows_of(made, width)


def yaml_rows(preview: FormPreview, width: int) -> list[Row]:
    """The file's text with line numbers, long lines folded; the key of a row is its line."""
    wrong = {problem.line for problem in preview.problems}
    rows: list[Row] = []
    for number, line in enumerate(preview.text.split("\n") if preview.text else [], 1):
        sign, tone = ("✗", "bad") if number in wrong else (" ", "muted" if line.lstrip().startswith("#") else "")
        hang = len(line) - len(line.lstrip(" "))
        lead: list[Part] = [(f"  {number:>3} ", "muted"), (f"{sign} ", "bad")]
        parts = [*lead, (line[:hang], ""), (HANG, ""), (visible(line[hang:]), tone)]
        for place, folded in enumerate(laid(parts, width)):
            rows.append(Row(str(number) if not place else "", folded))
    return rows


def dry_rows(trials: Sequence[Trial], before: Sequence[Trial], width: int) -> list[Row]:
    """The table of the dry run: what, allow or park or block, the layer and the rule; what it was before a change."""
    were = {trial.label: trial.verdict for trial in before}
    label_width = min(max((len(trial.label) for trial in trials), default=0), 24)
    rows: list[Row] = []
    for trial in trials:
        verdict = trial.verdict
        sign, word, tone = _DECISIONS[verdict.decision]
        was = were.get(trial.label, verdict).decision
        moved = was is not verdict.decision
        said = f"{sign} {word}"
        left: list[Part] = [("  ", ""), (cell(trial.label, label_width), "title" if moved else ""), ("  ", "")]
        left.append((cell(said, 9), tone))
        note = (f"was {_DECISIONS[was][0]} · " if moved else "") + ("⚑ " if verdict.flagged else "")
        room = max(width - label_width - 13, 0)
        layer = "" if verdict.rule.startswith(f"{verdict.layer.value}.") else f"{verdict.layer.value} · "
        why = layer + _rule(verdict.rule)
        left.append((cell(note + why, room), "title" if moved else "muted"))
        rows.append(Row(trial.label, tuple(left)))
    return rows


def _rule(rule: str) -> str:
    """The rule with the form's word for a list: `asks: deps.change`."""
    kind, colon, entry = rule.partition(": ")
    words = {"autonomous": "alone", "requires_approval": "asks", "forbidden": "never"}
    return f"{words[kind]}: {visible(entry)}" if colon and kind in words else visible(rule)


def summary(trials: Sequence[Trial], confidence: float) -> str:
    """`12 ✓  9 ◐  4 ⊘ at confidence 1.00`."""
    counts = {kind: sum(trial.verdict.decision is kind for trial in trials) for kind in Decision}
    said = "  ".join(f"{counts[kind]} {_DECISIONS[kind][0]}" for kind in Decision)
    return f"{said}  at confidence {confidence:.2f}"


def moved_words(trials: Sequence[Trial], before: Sequence[Trial]) -> str:
    """What a change did to the table, in a line: `add a dependency ◐→✓`; empty for nothing."""
    were = {trial.label: trial.verdict.decision for trial in before}
    moved = [trial for trial in trials if were.get(trial.label, trial.verdict.decision) is not trial.verdict.decision]
    said = [f"{t.label} {_DECISIONS[were[t.label]][0]}→{_DECISIONS[t.verdict.decision][0]}" for t in moved]
    return ", ".join(said)


def field_parts(field: FormField, problems: Sequence[Problem], wrong: str) -> Parts:
    """Below the input: what the words must be, or what is wrong with them."""
    if wrong:
        return (("✗ ", "bad"), (HANG, ""), (visible(wrong), "bad"))
    if problems:
        parts: list[Part] = []
        for number, problem in enumerate(problems[:2]):
            parts += [("\n" if number else "", ""), *problem_parts(problem)]
        return tuple(parts)
    return ((visible(field.help), "muted"),)
