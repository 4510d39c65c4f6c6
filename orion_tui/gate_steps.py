"""The steps of the promotion gate, in order, and what a report says about each before the PIN is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.changes import Finding, FindingKind, Severity
from engine.vocabulary.text import visible

if TYPE_CHECKING:
    from orion_tui.selection import Selection
    from orion_tui.widgets.signs import Part

STEPS: dict[str, str] = {
    "drift": "the branch as it is now",
    "conflicts": "merges without a conflict",
    "secrets": "no secret comes along",
    "limits": "within the write limits",
    "scope": "within scope, nothing protected",
    "checks": "checks on the result",
    "authentication": "your PIN",
    "commit": "one commit, two tags",
}

_KINDS = {
    "conflicts": (FindingKind.CONFLICT,),
    "secrets": (FindingKind.SECRET,),
    "limits": (FindingKind.WRITE_LIMIT,),
    "scope": (
        FindingKind.SCOPE,
        FindingKind.FORBIDDEN,
        FindingKind.PROTECTED_PATH,
        FindingKind.FILTER_ATTRIBUTE,
        FindingKind.SUBMODULE,
        FindingKind.DEPENDENCY,
        FindingKind.LARGE,
        FindingKind.GENERATED,
        FindingKind.BINARY,
        FindingKind.MODE,
        FindingKind.NAME,
    ),
    "checks": (FindingKind.CHECK, FindingKind.TESTS),
}

_SIGNS = {"pending": ("·", "muted"), "running": ("●", "accent"), "ok": ("✓", "good"), "blocked": ("✗", "bad")}
_SIGNS |= {"moved": ("⚑", "accent"), "unproven": ("⚑", "accent"), "none": ("·", "muted")}
_WORDS = {"pending": "", "running": "now", "ok": "ok", "blocked": "blocks", "moved": "moved on: merged"}
_WORDS |= {"unproven": "not all ran on this selection", "none": "there is none for this selection"}


def step_parts(step: str, status: str, detail: str, for_s: float = 0.0) -> list[Part]:
    """One line of the checklist, beginning with a line break; a step that runs says for how many seconds it has."""
    sign, tone = _SIGNS.get(status, ("·", "muted"))
    said = detail or _WORDS.get(status, status)
    if status == "running" and for_s >= 1:
        said += f", for {for_s:.0f} s"
    return [(f"\n{sign} ", tone), (f"{STEPS[step]:<33}", "" if status != "pending" else "muted"), (visible(said), tone)]


def after_report(selection: Selection) -> dict[str, tuple[str, str]]:
    """Status and detail of each step that a report can answer."""
    report = selection.report
    mine = set(report.moved).intersection(selection.taken) if report else set()
    out = {"drift": ("moved", f"{len(mine)} of these files moved on") if mine else ("ok", _elsewhere(selection))}
    for step, kinds in _KINDS.items():
        out[step] = _step(selection, [finding for finding in selection.findings if finding.kind in kinds])
    if report is not None and out["checks"][0] == "ok":
        if report.unproven:
            out["checks"] = ("unproven", "")
        elif not report.evidence:
            out["checks"] = ("none", "")
        else:
            passed = sum(each.passed for each in report.evidence)
            out["checks"] = ("ok", f"{passed} of {len(report.evidence)} pass on exactly this")
    if selection.conflicts:
        out["conflicts"] = ("blocked", f"{len(selection.conflicts)} in the way")
    return out


def _step(selection: Selection, findings: list[Finding]) -> tuple[str, str]:
    blocking = [finding for finding in findings if finding.severity is Severity.BLOCKING]
    standing = [finding for finding in blocking if not selection.is_accepted(finding)]
    if standing:
        place = standing[0].path or standing[0].message
        more = f" and {len(standing) - 1} more" if len(standing) > 1 else ""
        return "blocked", f"blocks: {place}{more}"
    if blocking:
        return "ok", f"{len(blocking)} accepted by you"
    return "ok", f"{len(findings)} to know" if findings else ""


def _elsewhere(selection: Selection) -> str:
    moved = selection.report.moved if selection.report else ()
    return f"{len(moved)} other file{'s' * (len(moved) != 1)} moved on" if moved else ""
