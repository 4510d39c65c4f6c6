"""The gate: one order of layers, one verdict, at plan time, at run time and at promotion.

Base restrictions, then the role's hard limits, then its authority, then the confidence. A refusal ends the way; a wish
for approval does not, because a later layer may still refuse.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.governance import base, limits
from engine.governance.classes import CLASSES
from engine.governance.classified import Classified, Touch
from engine.governance.classify import classes_of_change, classify_action
from engine.governance.globs import command_matches, path_matches
from engine.governance.path_classes import classify_path
from engine.governance.protected import protected_reason
from engine.vocabulary.actions import Action, ActionClass, RequestAction, WriteFile
from engine.vocabulary.changes import ChangeSet, ChangeStatus, FileChange
from engine.vocabulary.roles import AuthorityRule, RiskTolerance, Role, Thresholds
from engine.vocabulary.text import shortened
from engine.vocabulary.verdicts import Decision, Layer, Verdict, strictest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.vocabulary.plans import Task

# What is carried out by the person and never by Orion: the verdict is at best a place on the hand-off list.
HANDED_OFF = frozenset({ActionClass.GIT_MERGE, ActionClass.DEPLOY, ActionClass.REPO_DELETE})
_ASKS_FOR_SECRET = frozenset({ActionClass.NETWORK_REQUEST, ActionClass.SECRET_READ, ActionClass.GIT_MERGE})
_SHIFT = {RiskTolerance.LOW: 0.05, RiskTolerance.MEDIUM: 0.0, RiskTolerance.HIGH: -0.05}
# git's name for a file without content, by either of its hashes, and no name at all.
_EMPTY = (
    "",
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
)
_PATHS = (Touch.READ, Touch.WRITE, Touch.DELETE)


def decide_action(role: Role | None, action: Action, confidence: float = 1.0) -> Verdict:
    """May the role do this, being this sure of it (calibrated, 0..1)? The strictest answer over the action's pieces."""
    verdicts = [decide_piece(role, piece) for piece in classify_action(action)]
    if isinstance(action, WriteFile) and role is not None:
        excess = limits.of_content(action.content, role.write_limits)
        if excess is not None:
            verdicts.append(_over(role, action.path, excess, None))
    return _with_confidence(role, _decisive(verdicts), confidence)


def decide_task(role: Role | None, task: Task) -> Verdict:
    """May the role take this task on? The strictest answer over its steps, or over the action it names when a model
    will work on it, and then the plan's own confidence."""
    if task.steps:
        verdicts = tuple(decide_action(role, step) for step in task.steps)
    else:
        verdicts = (decide_action(role, RequestAction(task.action, task.title)),)
    return _with_confidence(role, _decisive(verdicts), task.confidence)


def decide_changes(
    role: Role | None,
    changes: ChangeSet,
    confidence: float = 1.0,
    *,
    created_before: int = 0,
    modified_before: int = 0,
    bytes_before: int = 0,
    lines_of: Callable[[FileChange], int] | None = None,
) -> tuple[Verdict, ...]:
    """May what a task left in the tree be kept? One verdict for each file, refused entries first; its `subject` is the
    path. The counts are what the session wrote before. `lines_of` counts the lines of a new version; without it a
    file's added lines stand in."""
    verdicts = [
        Verdict(
            Decision.BLOCK,
            Layer.BASE,
            entry.rule,
            f"`{_short(entry.path)}` cannot be kept: {entry.reason}",
            subject=entry.path,
        )
        for entry in changes.refused
    ]
    if role is None or not role.trusted:
        return (*verdicts, *(_of_base(base.of_role(role), None, change.path) for change in changes.files))
    clashes = base.collisions(changes.files, changes.standing)
    moved = _moved(changes)
    tally = limits.Tally(
        role.write_limits, created=created_before, modified=modified_before, total=bytes_before, lines_of=lines_of
    )
    for change in changes.files:
        excess = tally.add(change)
        kinds = classes_of_change(change)
        restriction = base.of_change(change) or clashes.get(change.path)
        if restriction is not None:
            verdicts.append(_of_base(restriction, kinds[0], change.path))
            continue
        touch = Touch.DELETE if change.status is ChangeStatus.DELETED else Touch.WRITE
        if change in moved and kinds == (ActionClass.FILE_DELETE,):
            kinds = (classify_path(change.path),)  # the content lives on under another name
        found = [_by_role(role, Classified(kind, change.path, touch)) for kind in kinds]
        if excess is not None:
            found.append(_over(role, change.path, excess, kinds[0]))
        verdict = _decisive(found)
        verdicts.append(_with_confidence(role, _noted(verdict, change), confidence))
    return tuple(verdicts)


def decide_piece(role: Role | None, piece: Classified) -> Verdict:
    """The first three layers on one piece of an action or on one effect."""
    restriction = base.of_role(role) or base.of_piece(piece)
    if restriction is not None or role is None:
        return _of_base(restriction or base.Restriction("role.missing", ""), piece.action, piece.subject)
    return _by_role(role, piece)


def _by_role(role: Role, piece: Classified) -> Verdict:
    """The role's hard limits and its authority, on what no base restriction refuses."""
    forbidden = _listed(role.authority.forbidden, piece)
    if forbidden is not None:
        return _verdict(role, piece, Decision.BLOCK, Layer.ROLE, f"forbidden: {forbidden}", "may not")
    if piece.touch in (Touch.WRITE, Touch.DELETE) and not any(path_matches(glob, piece.subject) for glob in role.scope):
        scope = ", ".join(role.scope)
        return _verdict(role, piece, Decision.BLOCK, Layer.ROLE, "scope", "may not", f"outside its scope: {scope}")
    asks = _listed(role.authority.requires_approval, piece)
    if asks is not None:
        return _verdict(role, piece, Decision.PARK, Layer.AUTHORITY, f"requires_approval: {asks}", "asks before it may")
    alone = _listed(role.authority.autonomous, piece)
    if alone is None:
        return _verdict(role, piece, Decision.PARK, Layer.AUTHORITY, f"unlisted: {piece.action}", "asks before it may")
    if piece.open:
        return _verdict(role, piece, Decision.PARK, Layer.BASE, "command.open", "asks before it may", piece.open)
    if piece.action is ActionClass.NETWORK_REQUEST:
        why = "the network is never used without a person's yes"
        return _verdict(role, piece, Decision.PARK, Layer.BASE, "network", "asks before it may", why)
    if piece.action in HANDED_OFF:
        why = "Orion never does this itself; a yes puts it on the hand-off list"
        return _verdict(role, piece, Decision.PARK, Layer.BASE, "hand_off", "asks before it may", why)
    return _verdict(role, piece, Decision.ALLOW, Layer.AUTHORITY, f"autonomous: {alone}", "may")


def thresholds_of(role: Role) -> Thresholds:
    """The role's thresholds, shifted by its tolerance for risk: never above 1, never below 0.5 by the shift."""
    shift = _SHIFT[role.risk_tolerance]
    own = role.confidence_thresholds

    def shifted(value: float) -> float:
        return value if shift == 0 else round(min(max(value + shift, min(value, 0.5)), 1.0), 6)

    return Thresholds(shifted(own.auto_execute), shifted(own.execute_and_flag), shifted(own.pause_and_ask))


def _with_confidence(role: Role | None, verdict: Verdict, confidence: float) -> Verdict:
    """The last layer. A confidence that is no number counts as none at all."""
    if role is None or verdict.decision is Decision.BLOCK:
        return verdict
    levels = thresholds_of(role)
    if not confidence >= levels.pause_and_ask:
        message = f"confidence {confidence:.2f} is below {levels.pause_and_ask:.2f}: this is not tried"
        return _confident(verdict, Decision.BLOCK, "confidence.low", message)
    if verdict.decision is Decision.PARK:
        return verdict
    if confidence < levels.execute_and_flag:
        message = f"confidence {confidence:.2f} is below {levels.execute_and_flag:.2f}: {role.name} asks first"
        return _confident(verdict, Decision.PARK, "confidence.ask", message)
    if confidence < levels.auto_execute:
        message = f"confidence {confidence:.2f} is below {levels.auto_execute:.2f}: done, and flagged for review"
        return _confident(verdict, Decision.ALLOW, "confidence.flag", message)
    return verdict


def _confident(verdict: Verdict, decision: Decision, rule: str, message: str) -> Verdict:
    return Verdict(
        decision,
        Layer.CONFIDENCE,
        rule,
        message,
        action=verdict.action,
        subject=verdict.subject,
        flagged=decision is Decision.ALLOW,
        needs_auth=verdict.needs_auth,
    )


def _decisive(verdicts: Sequence[Verdict]) -> Verdict:
    """The strictest one. One approval covers all parked pieces, so it asks for the secret when any of them does."""
    worst = strictest(tuple(verdicts))
    asks = worst.decision is Decision.PARK and any(v.needs_auth for v in verdicts if v.decision is Decision.PARK)
    return replace(worst, needs_auth=asks)


def _listed(rules: tuple[AuthorityRule, ...], piece: Classified) -> AuthorityRule | None:
    return next((rule for rule in rules if _holds(rule, piece)), None)


def _holds(rule: AuthorityRule, piece: Classified) -> bool:
    if rule.action is not piece.action:
        return False
    if not rule.patterns:
        return True
    if piece.touch is Touch.ASK:
        return any(command_matches(pattern, piece.subject) for pattern in rule.patterns)
    matches = path_matches if piece.touch in _PATHS else command_matches
    return any(matches(pattern, piece.subject) for pattern in rule.patterns)


def _verdict(
    role: Role, piece: Classified, decision: Decision, layer: Layer, rule: str, verb: str, why: str = ""
) -> Verdict:
    phrase = CLASSES[piece.action].phrase
    subject = _short(piece.subject)
    return Verdict(
        decision,
        layer,
        rule,
        f"{role.name} {verb} {phrase}: `{subject}` ({why or rule})",
        action=piece.action,
        subject=piece.subject,
        needs_auth=decision is Decision.PARK and _asks_for_secret(piece),
    )


def _asks_for_secret(piece: Classified) -> bool:
    if piece.action in _ASKS_FOR_SECRET:
        return True
    return piece.touch in (Touch.WRITE, Touch.DELETE) and protected_reason(piece.subject) is not None


def _of_base(restriction: base.Restriction | None, action: ActionClass | None, subject: str) -> Verdict:
    rule, message = (
        (restriction.rule, restriction.message) if restriction else ("role.missing", "nothing runs without a role")
    )
    return Verdict(Decision.BLOCK, Layer.BASE, rule, message, action=action, subject=subject)


def _over(role: Role, path: str, excess: limits.Excess, action: ActionClass | None) -> Verdict:
    message = f"{role.name} may not write `{_short(path)}`: {excess.message} (write_limits.{excess.limit})"
    return Verdict(Decision.BLOCK, Layer.ROLE, f"write_limits.{excess.limit}", message, action=action, subject=path)


def _noted(verdict: Verdict, change: FileChange) -> Verdict:
    """An allowed effect that changes what a file is gets a flag: it becomes a link, or a program."""
    turned = change.new_mode != change.old_mode and change.new_mode in (base.SYMLINK, 0o100755) and change.old_mode != 0
    linked = change.status is not ChangeStatus.DELETED and change.new_mode == base.SYMLINK
    return replace(verdict, flagged=True) if verdict.allowed and (turned or linked) else verdict


def _moved(changes: ChangeSet) -> frozenset[FileChange]:
    """Deleted files whose exact content is added under another name in the same change set."""
    added = Counter(c.new_oid for c in changes.files if c.status is ChangeStatus.ADDED and c.new_oid not in _EMPTY)
    moved: list[FileChange] = []
    for change in changes.files:
        # One new file is the new place of one old one; an empty one is the place of none.
        if change.status is ChangeStatus.DELETED and added[change.old_oid] > 0:
            added[change.old_oid] -= 1
            moved.append(change)
    return frozenset(moved)


def _short(text: str) -> str:
    return shortened(text, 160)
