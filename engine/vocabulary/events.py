"""Facts of a session. The journal gives each a number and a time and keeps it before anyone is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


ACCOUNT = "account"
"""Where facts stand that belong to no session: it is numbered like one, and never listed among them."""


class EventKind(StrEnum):
    """Every kind of fact, with the keys of its data. Keys in brackets may be missing. Values are plain JSON."""

    SESSION_CREATED = "session_created"
    """goal, role, role_digest, workspace, base_commit, branch, model, sandbox, limits {time_s, cost_usd}, [notices]"""
    INTAKE = "intake"
    """[brief] (see brief_to_json), [survey] (blob id of what the planner was told of the repository), [noted] (what the
    guard found in the repository's own instructions): what a goal turned out to mean, once, before its plan"""
    PLAN_MADE = "plan_made"
    """plan (see plan_to_json), verdicts {task id: verdict}, [outlooks] {task id: see outlook_to_json}, [stripped]; a
    later one replaces the tasks not yet ended"""
    REPLANNED = "replanned"
    """decision (keep, revise or abort), reason, trigger (why the plan was weighed), weighed (task ids), [added],
    [removed], [changed] (task ids) and, for revise, plan, verdicts and outlooks as in plan_made"""
    SESSION_STARTED = "session_started"
    """sandbox {name, network, detail}, generation, pid, host, resumed (bool), [lost_s] (seconds of work of an earlier
    run that could not write its end)"""
    SETUP = "setup"
    """state: began (run), ran (run, outcome, exit, duration_s, output, excerpt), failed (reason), skipped (reason) or
    frozen (key, cached, folders, size): the set-up phase before the first task"""
    TASK_STARTED = "task_started"
    """task, title, base (commit), attempt (from 1), confidence, [resumed] (true when it goes on where it stood)"""
    ASKED = "asked"
    """task, turn, tokens (an estimate of what is sent), [purpose] (of a call outside a task): a model was asked and has
    not answered yet"""
    WAITING = "waiting"
    """task, reason, until (ISO 8601), [run_s] (as in a turn): a model cannot be asked before that; the time does not
    count as work"""
    TURN = "turn"
    """task (empty outside one), turn (from 1), text, calls (actions), tokens_in, tokens_out, cost_usd, [cached_in],
    [cache_written], [estimated] (true when the endpoint did not count), [finish] (why it ended), [model] (who
    answered), [purpose] (see PURPOSES; act when it is missing), [duration_s], [task_s] and [run_s] (seconds that the
    task, and this run of the session, have worked so far): one reply of a model"""
    NOTE = "note"
    """task, text: what the worker wants to remember"""
    STEERED = "steered"
    """text, [task]: what a person tells whoever works; put before the model's next turn"""
    HEEDED = "heeded"
    """task, turn, messages (numbers of the STEERED events): they stand before the model now"""
    CIRCLE = "circle"
    """task, turn, finding, message: the worker goes round in circles and was told so"""
    COMPACTED = "compacted"
    """task, turn, messages (how many went), dropped (blob id with them), tokens_before, tokens_after: estimates"""
    GATE = "gate"
    """task, step (from 0, or null for effects and plan), verdict, phase: action or effects"""
    ACTION_STARTED = "action_started"
    """task, step, action, summary"""
    ACTION = "action"
    """task, step, action, summary, outcome (ok, failed, timed_out, not_found, stopped), exit, duration_s, output (blob
    id or empty), excerpt (last lines, at most 2,000 characters)"""
    EFFECTS = "effects"
    """task, tree, files [{path, status, additions, deletions}], additions, deletions"""
    CHECK = "check"
    """task, run, exit, passed, duration_s, output (blob id), excerpt, tree: evidence from the engine's own run; task is
    empty for a success criterion of the role, tried on the last checkpoint"""
    PARKED = "parked"
    """approval (see approval_to_json), partial (commit that holds the task's tree), base (commit the task started
    from), step (index to go on with), [transcript] (blob id)"""
    DECIDED = "decided"
    """approval (id), task, decision: approved, denied, expired or void; reason, at"""
    SUSPENDED = "suspended"
    """task, partial, base, step, [transcript], [task_s], [held] (the limit of the task that is reached): stopped
    between two actions by a pause or a limit, to go on there"""
    CHECKPOINT = "checkpoint"
    """task (or empty), commit, tree, number (from 1), why: kept, flagged, pause, end"""
    TASK_ENDED = "task_ended"
    """task, state (a task state), reason, confidence, [flagged], [claimed] (the summary the worker gave),
    [claimed_evidence] (what the worker says proves it),
    verified (true, false or null when there was no check), [commit], [rule], [path]"""
    NOTICE = "notice"
    """message, [task], [level]: info, warning or error, [until]: when the session goes on by itself, ISO 8601"""
    DRIFT = "drift"
    """severity (low or high), paths, head"""
    HAND_OFF = "hand_off"
    """command, task, reason: something that a person must run"""
    SESSION_ENDED = "session_ended"
    """state (a session state), reason, tasks {total, and a count for every task state}, cost_usd, elapsed_s (of this
    run)"""
    LIMITS_SET = "limits_set"
    """fields of Limits, any of them left out as it was: the person gave a session other limits"""
    SELECTION_CHECKED = "selection_checked"
    """tree (what would be promoted, merged onto the branch), evidence: list of {run, passed, exit, duration_s, output,
    excerpt}; a person had the checks run on it"""
    PROMOTING = "promoting"
    """attempt, workspace, branch, old (commit), new (commit), pre_tag, post_tag, paths; the intent, written first"""
    PROMOTED = "promoted"
    """attempt, commit, branch, pre_tag, post_tag, paths, files, accepted (findings), source (the session's commit),
    [old] (the commit before), [as] (commit, commits or changes), [base], [chosen] (trees of the session's repository
    before and after what was taken)"""
    PROMOTION_FAILED = "promotion_failed"
    """attempt, reason: the repository is as it was before"""
    PROMOTION_UNDONE = "promotion_undone"
    """attempt, commit (the revert), branch"""
    REJECTED = "rejected"
    """[task], reason"""
    REVIEW_NOTED = "review_noted"
    """[added], [gone] (notes: path, text, line, quoted, rejected): what a reviewer has to say and has not sent yet"""
    COMPLETED = "completed"
    """[nothing]: a person reviewed the session, and there was nothing in it to promote"""
    ROLLED_BACK = "rolled_back"
    """checkpoint (number), commit, tasks (ids that are pending again)"""
    AUTHENTICATED = "authenticated"
    """what (see Guarded), passed (bool), reason (why not), [session], [covered] (true when a try just before counted
    for it); one of the account's, as all that follow"""
    AUTHENTICATION_CHANGED = "authentication_changed"
    """method (pin, totp, or empty when it was forgotten), why: set, switched, offered, reset begun, reset finished"""
    ROLE_CHANGED = "role_changed"
    """role, change (created, edited, deleted, trusted, untrusted), content (SHA-256 of the file, empty when deleted)"""
    SETTING_CHANGED = "setting_changed"
    """fields (dotted names, no values), [change] (set, removed, added or reset, for what is no line of the
    configuration), [window_s] (the seconds of `auth.window_s` that were let in); of the allow-list also kind, reason,
    rule and value (a path or a digest; of a pattern its SHA-256, for it may spell the secret)"""
    TAKEN_OUT = "taken_out"
    """what (archive, files, conversation or audit log), to (path): a person had it written out of Orion's home"""
    LOOKED = "looked"
    """commit: a person ran commands of their own in the sandbox, on a copy of that tree"""
    AUDIT_CHAIN_BEGUN = "audit_chain_begun"
    """start (the number of its first entry), entries (how many are before it), sound (how many of those could be
    verified), why"""
    KEY_CHANGED = "key_changed"
    """model, entry (its name in the keychain), change (kept or removed): the key of a model, never the key itself"""
    TIDIED = "tidied"
    """sessions, outputs, setups (how many were removed), size (bytes): what retention let go of"""
    FIRST_RUN = "first_run"
    """state (finished or left), [step] (where it was left): how the wizard of the first run ended"""


@dataclass(frozen=True, slots=True)
class Fact:
    """An event before the journal has numbered it."""

    kind: EventKind
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """A fact with its place: `seq` is gap-free per session from 1, `row` grows over the whole journal, `at` is ISO 8601
    in UTC."""

    session: str
    seq: int
    at: str
    kind: EventKind
    data: Mapping[str, Any]
    row: int = 0


def event_to_json(event: Event) -> dict[str, Any]:
    """One line of `--json`: the data's keys stand beside seq, at, session and kind."""
    return {
        "seq": event.seq,
        "at": event.at,
        "session": event.session,
        "kind": event.kind.value,
        **event.data,
    }
