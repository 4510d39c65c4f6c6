"""The one table of what a person can do. Key bindings, footer, command palette and help are all made from it.

A row names its conditions (`needs`); a screen says which of them hold (`OrionScreen.facts`). A key whose condition
does not hold answers with the condition's sentence instead of doing nothing. Several rows may share a key on one
screen when their conditions exclude each other (pause and resume).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.binding import Binding, BindingType

if TYPE_CHECKING:
    from collections.abc import Iterable

EVERYWHERE = "*"

# Each condition, as the sentence that a person reads when it does not hold.
NEEDS: dict[str, str] = {
    "engine": "Orion is still opening its journal, one moment",
    "row": "there is nothing in the list yet, press n for a new goal",
    "session": "choose a session first",
    "decision": "no decision waits for you here",
    "running": "this session is not running",
    "resumable": "nothing of this session is ready to go on",
    "unfinished": "this session has ended already",
    "reviewable": "there is nothing to review before a task is kept",
    "task": "choose a task first",
    "fold": "there is nothing to open in this line",
    "not_planning": "the plan is being made, one moment; esc leaves it",
    "hunk": "there is no diff to step through",
    "file": "choose a file in the list first",
    "files": "there is no file to take",
    "finding": "choose a finding in the list first",
    "acceptable": "this one cannot be accepted: it must go away, or its file be left out",
    "line": "enter chooses single lines first",
    "tasked": "no kept task of this session stands behind it",
    "conflicted": "this file has no conflict to resolve",
    "notes": "there is no note yet: m writes one on a line or a file",
    "promotable": "something still blocks this selection, the line above the files says what",
    "promoted": "nothing of this session is promoted",
    "open_review": "this session is promoted or rejected already",
    "steerable": "no model works on what is left of this session",
    "limited": "this session is over, its limits hold no longer",
    "editable": "the plan can be changed only before the start, or while the session is paused",
    "can_roll_back": "going back needs a checkpoint, and a session that stands still with no promotion",
    "changed": "nothing is changed, so there is nothing to save",
    "paused_here": "no session of these waits to be resumed",
    "paused_row": "the session under the cursor does not wait to go on",
    "session_here": "no session is looked at here",
    "review_here": "there is nothing to review before a task is kept",
    "more": "there is only this one",
    "plan_task": "the plan has no task left",
    "edits": "you have changed nothing yet",
    "startable": "a plan without a task cannot start",
    "back": "there is nothing to go back to, ctrl+q quits",
    "role": "choose a role first",
    "mine": "only a role of yours can be deleted",
    "untrusted": "only a role of the repository is trusted, and only while it is not",
    "trusted": "no trust was given to it",
    "writable": "it belongs to the repository: c makes one of your own out of it",
    "field": "choose a field of the form first",
    "chosen": "this field is typed: enter does that",
    "set": "the file says nothing here, the default counts already",
    "role_edits": "nothing is changed, so there is nothing to save",
    "valid": "something is wrong in it still, the lines with ✗ say what",
    "faulty": "nothing is wrong in it",
    "on_disk": "it is not saved yet, so there is no file to read",
    "typing": "nothing is being typed",
    "not_typing": "a value is being typed: enter takes it, esc leaves it",
    "option": "this question is answered in words",
    "machine_step": "that belongs to the first step",
    "role_step": "that belongs to the step of the role",
    "secret_step": "a PIN or codes are set already: t on Settings changes them",
    "last_step": "that belongs to the last step",
    "setting": "choose a setting first",
    "entry": "there is no entry here",
    "filtered": "nothing is filtered",
    "further": "this is the last step: enter is done",
}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a person can do. `screens` are names of screens, or `*`; `needs` are keys of `NEEDS`. An act whose key
    is a capital letter changes the world. `footer` is false for keys that everybody expects (arrows) or that have a
    second name; help lists them all the same."""

    id: str
    label: str
    key: str
    help: str
    screens: tuple[str, ...]
    needs: tuple[str, ...] = ()
    footer: bool = True

    @property
    def shown_key(self) -> str:
        """The key as a person reads it."""
        return _KEY_NAMES.get(self.key, self.key)


_KEY_NAMES = {
    "question_mark": "?",
    "comma": ",",
    "slash": "/",
    "escape": "esc",
    "space": "space",
    "pageup": "pgup",
    "pagedown": "pgdn",
}

# Every screen that has another one behind it.
_DEEPER = (
    "new_goal",
    "monitor",
    "story",
    "plan",
    "approvals",
    "review",
    "roles",
    "role",
    "new_role",
    "setup",
    "audit",
    "settings",
)

ACTS: tuple[Act, ...] = (
    # Home
    Act("new_goal", "new goal", "n", "Give Orion a goal, a role and limits", ("home",), ("engine",)),
    Act("open", "open", "enter", "Open what the cursor is on", ("home",), ("engine", "row")),
    Act(
        "approve_here", "approve", "a", "Decide what the cursor is on, or the oldest", ("home",), ("engine", "decision")
    ),
    Act("diff", "diff", "d", "Look at what the session changed", ("home",), ("engine", "row", "session", "reviewable")),
    Act("log", "log", "l", "Look at what the session did", ("home",), ("engine", "row", "session")),
    Act("resume_row", "resume", "p", "Let the session go on", ("home",), ("engine", "row", "paused_row")),
    # Monitor
    Act("story", "task", "enter", "Open the task: actions, verdicts, evidence, diff", ("monitor",), ("task",)),
    Act("pause", "pause", "p", "Stop after the present action, with a checkpoint", ("monitor",), ("running",)),
    Act("resume", "resume", "p", "Go on from the last kept task", ("monitor",), ("resumable",)),
    Act("cancel", "cancel", "C", "Stop and go back to the last checkpoint", ("monitor",), ("unfinished",)),
    Act("limits", "limits", "L", "Change the limits of time and cost", ("monitor",), ("limited",)),
    Act("steer", "message", "m", "Tell whoever works on it something", ("monitor",), ("steerable",)),
    Act("edit_plan", "edit plan", "e", "Remove or reorder what has not begun", ("monitor",), ("editable",)),
    Act("roll_back", "roll back", "B", "Go back to an earlier checkpoint", ("monitor",), ("can_roll_back",)),
    Act("approvals", "approve", "a", "Decide what waits for you", ("monitor", "story"), ("decision",)),
    Act("review", "review", "d", "Review the diff so far, promote it", ("monitor",), ("reviewable",)),
    Act("follow", "follow", "f", "Follow the newest activity, or hold still", ("monitor",)),
    Act("side", "log", "l", "Give the whole screen to the activity, or take it back", ("monitor",)),
    Act("pane", "next pane", "tab", "Go to the next pane", ("monitor",)),
    # The story of a task
    Act("unfold", "open/fold", "enter", "Show the output or the diff under the cursor", ("story",), ("fold",)),
    Act("unfold_space", "open/fold", "space", "The same", ("story",), ("fold",), footer=False),
    Act("story_diff", "diff", "d", "What the task changed", ("story",), ("task",)),
    # New goal
    Act(
        "start",
        "start",
        "ctrl+s",
        "Plan and start at once, in the background",
        ("new_goal",),
        ("engine", "not_planning"),
    ),
    Act(
        "plan_first",
        "plan first",
        "ctrl+r",
        "See the plan before anything starts",
        ("new_goal",),
        ("engine", "not_planning"),
    ),
    Act("field", "next field", "tab", "Go to the next field; shift+tab goes back", ("new_goal",)),
    # Plan
    Act("start_plan", "start", "ctrl+s", "Start the plan in the background", ("plan",), ("engine", "startable")),
    Act("save_plan", "save", "ctrl+s", "Give the session this plan", ("plan",), ("engine", "changed")),
    Act("remove_task", "remove", "delete", "Take the task out of the plan", ("plan",), ("plan_task",)),
    Act("remove_task_x", "remove", "x", "Take the task out of the plan", ("plan",), ("plan_task",), footer=False),
    Act("earlier", "earlier", "shift+up", "Run the task earlier", ("plan",), ("plan_task",)),
    Act("later", "later", "shift+down", "Run the task later", ("plan",), ("plan_task",)),
    Act("earlier_minus", "earlier", "minus", "Run the task earlier", ("plan",), ("plan_task",), footer=False),
    Act("later_plus", "later", "plus", "Run the task later", ("plan",), ("plan_task",), footer=False),
    Act("undo_edit", "undo", "u", "Take back the last change of the plan", ("plan",), ("edits",)),
    Act("plan_detail", "details", "w", "Steps, checks and verdict of the task in full", ("plan",), ("plan_task",)),
    # Approvals
    Act("approve", "approve", "a", "Let it happen", ("approvals",), ("engine", "decision")),
    Act("deny", "reject", "r", "Refuse it, with a reason", ("approvals",), ("engine", "decision")),
    Act("next_decision", "next", "n", "The next decision, this one waits on", ("approvals",), ("more",)),
    Act("diff_of_decision", "diff", "d", "The diff it is about, or back to the text", ("approvals",), ("decision",)),
    Act("resume_here", "resume", "p", "Let the session go on", ("approvals",), ("engine", "paused_here")),
    Act("log_here", "log", "l", "Look at what the session did", ("approvals",), ("engine", "session_here")),
    Act("review_here", "review", "d", "Review it when nothing waits", ("approvals",), ("engine", "review_here")),
    # Review
    Act(
        "take_line", "take/leave line", "space", "Take the line, or leave it out", ("review",), ("line",), footer=False
    ),
    Act("take", "take/leave", "space", "Take the hunk (or the file), or leave it out", ("review",), ("file",)),
    Act("lines", "lines", "enter", "Choose single lines of the hunk, or end that", ("review",), ("hunk",)),
    Act("take_file", "file", "f", "Take the whole file, or leave it out", ("review",), ("file",)),
    Act("take_all", "all/none", "x", "Take everything, or nothing", ("review",), ("files",), footer=False),
    Act("accept", "accept", "a", "Accept the finding, or take that back", ("review",), ("finding", "acceptable")),
    Act("decide", "approve", "a", "Approve or refuse what waits", ("review",), ("decision",), footer=False),
    Act("promote", "promote", "P", "Let what is chosen into your branch", ("review",), ("engine", "promotable")),
    Act("reject_session", "reject all", "R", "Reject the whole session", ("review",), ("engine", "open_review")),
    Act("undo_promotion", "undo promotion", "U", "Take the last promotion back", ("review",), ("engine", "promoted")),
    Act("undo_promotion_u", "undo promotion", "u", "The same", ("review",), ("engine", "promoted"), footer=False),
    Act("next_hunk", "hunk", "j", "The next hunk of the diff, or the next line", ("review", "approvals"), ("hunk",)),
    Act("previous_hunk", "hunk back", "k", "The one before", ("review", "approvals"), ("hunk",), footer=False),
    Act("next_file", "next file", "n", "The next file of the diff", ("review",), ("hunk",)),
    Act("diff_or_files", "diff/files", "d", "The diff on the whole screen, or the files beside it", ("review",)),
    Act("side_by_side", "side by side", "v", "Old and new side by side, or below each other", ("review",), ("hunk",)),
    Act("search", "search", "slash", "Look for a text in the diff", ("review",), ("hunk",)),
    Act("why", "why", "w", "The task behind it: reasoning, evidence, transcript", ("review",), ("tasked",)),
    Act("detail", "details", "i", "Everything known about what the cursor is on", ("review",), ("row",), footer=False),
    Act("group", "group", "g", "Files by folder, or by the task that made them", ("review",), ("files",), footer=False),
    Act("resolve", "resolve", "c", "Resolve the conflict of this file", ("review",), ("engine", "conflicted")),
    Act("note", "note", "m", "Say something about this line or file to the agent", ("review",), ("file",)),
    Act("turn_down", "reject", "r", "Leave the file out, with a reason", ("review",), ("file",), footer=False),
    Act("look", "look around", "o", "A shell in the sandbox, on a copy of the result", ("review",), ("engine",), False),
    Act("check_out", "open result", "O", "The result as plain files elsewhere", ("review",), ("engine",), False),
    Act("revise", "revise", "e", "Make your notes a new task of the session", ("review",), ("engine", "notes")),
    # Roles
    Act("roles", "roles", "o", "Roles: who may do what; make, change and trust them", ("home",), ("engine",)),
    Act("open_role", "open", "enter", "Open the role: form, file, dry run", ("roles",), ("role",)),
    Act("new_role", "new role", "n", "Make a role of your own, in a few questions", ("roles",), ("engine",)),
    Act("copy_role", "copy", "c", "Make a role of your own out of this one", ("roles", "role"), ("engine", "role")),
    Act(
        "trust_role",
        "trust",
        "T",
        "Trust the repository's role exactly as it is now",
        ("roles", "role"),
        ("untrusted",),
    ),
    Act("untrust_role", "untrust", "U", "Take your trust in it back", ("roles", "role"), ("trusted",)),
    Act("delete_role", "delete", "D", "Delete the role of yours", ("roles", "role"), ("mine",)),
    # One role
    Act(
        "take_words",
        "take it",
        "enter",
        "Take what was typed; up and down go on to the next field",
        ("role",),
        ("typing",),
    ),
    Act(
        "type_field",
        "change",
        "enter",
        "Type another value for the field",
        ("role",),
        ("writable", "field", "not_typing"),
    ),
    Act(
        "next_choice",
        "next choice",
        "space",
        "The next of the field's choices",
        ("role",),
        ("writable", "chosen", "not_typing"),
    ),
    Act(
        "clear_field",
        "leave out",
        "delete",
        "Leave it out, its default counts",
        ("role",),
        ("writable", "set", "not_typing"),
    ),
    Act("clear_field_x", "leave out", "x", "The same", ("role",), ("writable", "set"), footer=False),
    Act("undo_field", "undo", "u", "Take back the last change", ("role",), ("edits",)),
    Act("save_role", "save", "ctrl+s", "Save the role, with your PIN", ("role",), ("writable", "role_edits", "valid")),
    Act(
        "read_role",
        "read again",
        "ctrl+r",
        "Read the file again, without your changes",
        ("role",),
        ("on_disk", "not_typing"),
    ),
    Act("yaml", "file", "y", "The file's text beside the form, or what was there", ("role",)),
    Act("dry_run", "dry run", "t", "Typical actions and what would become of them", ("role",)),
    Act(
        "faults",
        "faults",
        "w",
        "Everything that is wrong in it, with place and what was expected",
        ("role",),
        ("faulty",),
    ),
    Act("surer", "confidence", "s", "Ask the dry run with another confidence", ("role",)),
    Act("role_pane", "next pane", "tab", "Go to the next pane", ("role",)),
    # The interview for a new role
    Act("answer", "take it", "enter", "Take the answer and go on", ("new_role",)),
    Act("mark", "mark/unmark", "space", "Move the action in or out of this list", ("new_role",), ("option",)),
    # The wizard of the first run
    Act(
        "setup",
        "set-up",
        "f2",
        "The first steps: machine, role, PIN; also a second time",
        ("home",),
        ("engine",),
        footer=False,
    ),
    Act("go_on", "go on", "enter", "Take this step and go on to the next", ("setup",), ("engine",)),
    Act("customise", "customise", "c", "Make a role of your own out of this one", ("setup",), ("role_step",)),
    Act("look_again", "look again", "ctrl+r", "Look at this machine again", ("setup",), ("machine_step",)),
    Act("codes", "codes instead", "ctrl+o", "One-time codes of an app instead of a PIN", ("setup",), ("secret_step",)),
    Act("try_it", "try it", "n", "New goal, filled in with what is suggested", ("setup",), ("last_step",)),
    Act("skip_step", "later", "ctrl+n", "Leave this step for later", ("setup",), ("further",)),
    Act("leave_setup", "leave", "ctrl+l", "Leave the set-up; f2 on Home takes it up again", ("setup",)),
    # The audit log
    Act("audit", "audit", "v", "The audit log: what decided or let something happen", ("home",), ("engine",)),
    Act("audit_detail", "details", "enter", "The entry in full", ("audit",), ("entry",)),
    Act("by_session", "session", "s", "Only what belongs to one session", ("audit",), ("engine",)),
    Act("by_actor", "actor", "w", "Only what Orion, you or AEGIS brought about", ("audit",), ("engine",)),
    Act("by_kind", "kind", "k", "Only one kind of event", ("audit",), ("engine",)),
    Act("no_filter", "all", "x", "Every entry again", ("audit",), ("filtered",)),
    Act("verify_all", "verify", "v", "Verify every entry from the first on", ("audit",), ("engine",)),
    Act("export_audit", "export", "E", "The whole log as a file for somebody else to check", ("audit",), ("engine",)),
    # Settings
    Act(
        "settings",
        "settings",
        "comma",
        "Settings: sandbox, limits, models, how you let work in",
        ("home",),
        ("engine",),
    ),
    Act("change_setting", "change", "enter", "Give it another value", ("settings",), ("engine", "setting")),
    Act("codes_set_up", "codes", "t", "One-time codes of an app, or a new app for them", ("settings",), ("engine",)),
    # Everywhere
    Act("back", "back", "q", "Back to where you came from", _DEEPER),
    Act(
        "back_esc",
        "back",
        "escape",
        "Back to where you came from",
        _DEEPER,
        footer=False,
    ),
    Act("theme", "theme", "ctrl+t", "Light or dark", (EVERYWHERE,), footer=False),
    Act("palette", "commands", "ctrl+p", "Every action by name", (EVERYWHERE,)),
    Act("keys", "keys", "question_mark", "Every key and what it does", (EVERYWHERE,)),
    Act("quit", "quit", "q", "Leave; what runs goes on if you want", ("home",)),
    Act("quit_app", "quit", "ctrl+q", "Leave; what runs goes on if you want", (EVERYWHERE,), footer=False),
)


def acts_for(screen: str, acts: Iterable[Act] = ACTS) -> tuple[Act, ...]:
    """The acts of one screen in the order of the table, those of every screen included."""
    return tuple(act for act in acts if screen in act.screens or EVERYWHERE in act.screens)


def bindings_for(screen: str) -> list[BindingType]:
    """Textual bindings of one screen: every key goes to `press`, which looks the act up again."""
    keys = {act.key: act for act in reversed(acts_for(screen))}
    return [Binding(key, f"press('{key}')", act.label, show=False) for key, act in keys.items()]


def reason_off(act: Act, facts: frozenset[str]) -> str:
    """Why the act cannot be done now, or an empty string."""
    return next((NEEDS[need] for need in act.needs if need not in facts), "")


def act_for_key(screen: str, key: str, facts: frozenset[str]) -> tuple[Act | None, str]:
    """The act that a key means now, with the reason why it is off (empty when it works)."""
    candidates = [act for act in acts_for(screen) if act.key == key]
    for act in candidates:
        if not reason_off(act, facts):
            return act, ""
    return (candidates[0], reason_off(candidates[0], facts)) if candidates else (None, "")


def act_named(act_id: str) -> Act:
    """The act with that id. Raises KeyError."""
    for act in ACTS:
        if act.id == act_id:
            return act
    raise KeyError(act_id)
