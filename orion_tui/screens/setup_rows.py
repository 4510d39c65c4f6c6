"""The steps of the first run in words and lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.text import visible
from engine.vocabulary.verdicts import Decision
from orion_tui.widgets.columns import cell
from orion_tui.widgets.prose import HANG, laid
from orion_tui.widgets.rows import Row

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from engine.vocabulary.first_run import Suggestion
    from engine.vocabulary.requests import AuthStatus, DoctorCheck, DoctorReport
    from engine.vocabulary.role_forms import Trial
    from orion_tui.widgets.signs import Part, Parts


@dataclass(frozen=True, slots=True)
class Step:
    """One of the five: its name in code, a word for the line at the top, what it asks."""

    name: str
    word: str
    question: str


STEPS = (
    Step("machine", "machine", "Can a session start on this machine?"),
    Step("role", "role", "Who shall Orion be, if nothing else is said?"),
    Step("secret", "PIN", "What lets work into your repository?"),
    Step("dry_run", "dry run", "What would this role do?"),
    Step("ready", "ready", "Ready."),
)
_SIGNS = {"ok": ("✓", "good"), "warn": ("⚑", ""), "fail": ("✗", "bad")}
_SCENARIOS = {
    "change src/app.py": "write code",
    "run pytest": "run the tests",
    "add a dependency": "add a dependency",
    "merge into main": "merge to main",
    "deploy": "deploy",
    "change Orion's rules": "change AEGIS",
}
_DECISIONS = {
    Decision.ALLOW: ("✓", "allowed", "good"),
    Decision.PARK: ("◐", "asks you", ""),
    Decision.BLOCK: ("⊘", "blocked", "bad"),
}


def said_of(step: int, done: Collection[str], width: int) -> Parts:
    """The line of the five steps: what is done, and where we are."""
    parts: list[Part] = []
    for number, one in enumerate(STEPS):
        sign = "✓" if one.name in done else "·"
        here = number == step
        parts.append((f"{'▸' if here else ' '}{sign} {number + 1} {one.word}", "title" if here else "muted"))
        parts.append(("   " if width >= 70 else " ", ""))
    return parts


def about(step: str, report: DoctorReport | None, role: str) -> Parts:
    """The question of a step and what may be known about it."""
    question = next(one.question for one in STEPS if one.name == step)
    match step:
        case "machine" if report is None:
            more = "Looking: git, the sandboxes (each is tried with a real command), the keychain, the disk …"
        case "machine" if report is not None and report.ok:
            more = "✓ Yes. What has a flag can wait; enter goes on."
        case "machine":
            more = "✗ No, not before what is marked ✗ is mended. You can go on and come back: ctrl+r looks again."
        case "role":
            more = "A role says what may be done alone, what you are asked about, and what never happens."
        case "secret":
            more = "Sessions start without it. Promoting, and changing a role, ask for it."
        case "dry_run":
            more = f"The gate itself was asked, as {role}; nothing was done. enter goes on."
        case _:
            more = ""
    return ((question, "title"), (f"\n{visible(more)}" if more else "", "muted"))


def check_rows(checks: Sequence[DoctorCheck], report: DoctorReport | None, width: int) -> tuple[Row, ...]:
    """One check a line, and under each that is not well what to do about it."""
    rows: list[Row] = []
    name_width = 22 if width >= 70 else 12
    for check in checks:
        sign, tone = _SIGNS[check.status]
        lead: list[Part] = [(f"{sign} ", tone), (cell(check.name, name_width) + " ", ""), (HANG, "")]
        # What the machine says of itself in full only where it matters; the list marks two cells before a row.
        detail = check.detail if check.status != "ok" else cell(check.detail, width - name_width - 6).rstrip()
        lines = laid([*lead, (visible(detail), "" if check.status == "fail" else "muted")], width - 2)
        for number, line in enumerate(lines):
            rows.append(Row(check.name if not number else "", line if not number else [("  ", ""), *line]))
        if check.hint and check.status != "ok":
            for number, said in enumerate(check.hint.split("\n")):
                arrow = "→ " if not number else "  "
                hint = laid([("    ", ""), (arrow, "key"), (HANG, ""), (visible(said), "")], width)
                rows += [Row("", line) for line in hint]
    if report is None:
        rows.append(Row("", (("  … looking", "muted"),)))
    return tuple(rows)


def secret_parts(status: AuthStatus | None) -> Parts:
    """Where the secret is kept, and what the other method would be."""
    if status is None:
        return (("looking at the keychain …", "muted"),)
    weaker = status.keychain == "file"
    parts: list[Part] = []
    if status.method:
        what = "A PIN is" if status.method == "pin" else "One-time codes are"
        parts.append((f"✓ {what} set.\n\n", "good"))
        parts.append(("enter goes on; t on Settings (, on Home) changes it.\n", ""))
    else:
        parts.append(("A PIN: 6 to 12 digits. Three wrong tries lock for 15 minutes.\n", "muted"))
        parts.append(("Or one-time codes of an authenticator app: ", "muted"))
        parts.append(("ctrl+o", "key"))
        parts.append(("\n", ""))
    parts.append(("\n" + ("⚑ " if weaker else "✓ "), ""))
    parts += [(HANG, ""), (visible(status.storage), "muted")]
    if weaker:
        parts.append(
            (". Programs of your own account could read it; a desktop's Secret Service keeps it better.", "muted")
        )
    return parts


def scenario_rows(trials: Sequence[Trial], width: int) -> tuple[Row, ...]:
    """The six scenarios: what, what would become of it, and by which rule."""
    rows: list[Row] = []
    for trial in trials:
        sign, word, tone = _DECISIONS[trial.verdict.decision]
        what = _SCENARIOS.get(trial.label, trial.label)
        lead: list[Part] = [(f"{sign} ", tone), (cell(what, 18) + " ", ""), (cell(word, 9) + " ", tone), (HANG, "")]
        lines = laid([*lead, (visible(trial.verdict.message), "muted")], width - 2)
        rows += [
            Row(trial.label if not number else "", line if not number else [("  ", ""), *line])
            for number, line in enumerate(lines)
        ]
    return tuple(rows)


def ready_parts(suggestion: Suggestion | None, done: Collection[str], role: str) -> Parts:
    """What is set up, what is left for later, and what to try first."""
    later = {
        "machine": "the machine: orion doctor says what is missing",
        "role": "a default role; until then it is " + role,
        "secret": "a PIN or codes: nothing can be promoted before one is set",
    }
    parts: list[Part] = []
    for name, what in later.items():
        if name in done:
            word = {"machine": "a session can start here", "role": f"the role is {role}", "secret": "a secret is set"}
            parts += [("✓ ", "good"), (f"{word[name]}\n", "")]
        else:
            parts += [("· ", "muted"), (HANG, ""), (f"left for later: {what}\n", "muted")]
    if suggestion is None:
        return (*parts, ("\nlooking at the repository …", "muted"))
    parts += [("\nTo try first: ", "title"), (HANG, ""), (f"{visible(suggestion.why)}\n", "")]
    parts += [("\n   ", ""), (f"{visible(suggestion.command)}\n\n", "key")]
    if suggestion.goal or suggestion.playbook:
        parts += [("n", "key"), (" opens it here as a new goal, ", ""), ("enter", "key"), (" goes to Home.", "")]
    else:
        parts += [("enter", "key"), (" goes to Home.", "")]
    return parts
