"""What a person can do with Orion itself: the first run, the audit log, settings, and on every screen."""

from __future__ import annotations

from orion_tui.acts.act import EVERYWHERE, Act

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
    "second_factor",
)

HOUSE: tuple[Act, ...] = (
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
    Act("by_text", "search", "slash", "Only entries that a text stands in", ("audit",), ("engine",)),
    Act("to_break", "broken one", "b", "The entry where the chain breaks", ("audit",), ("broken",)),
    Act("no_filter", "all", "x", "Every entry again", ("audit",), ("filtered",)),
    Act("verify_all", "verify", "v", "Verify every entry from the first on", ("audit",), ("engine",)),
    Act("begin_chain", "new chain", "N", "Begin a new chain behind a log that was changed", ("audit",), ("broken",)),
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
    Act("save_settings", "save", "ctrl+s", "Keep the configuration", ("settings",), ("file_edits", "valid")),
    Act("new_model", "new model", "n", "Describe another model", ("settings",), ("not_typing",)),
    Act("keep_key", "key", "K", "Keep the model's key in the keychain", ("settings",), ("model", "saved")),
    Act("forget_key", "remove key", "D", "Take the model's key out of the keychain", ("settings",), ("model", "saved")),
    Act("try_model", "try it", "c", "Ask the model for one word", ("settings",), ("model", "saved")),
    Act("tidy", "tidy up", "h", "What would be removed by now, and remove it", ("settings",), ("engine",)),
    Act(
        "second_factor",
        "PIN/codes",
        "t",
        "The PIN or the codes: set, switch, forgotten, what they still cover",
        ("settings",),
        ("engine",),
    ),
    # The second factor
    Act("pin_set_up", "PIN", "p", "Set a PIN, change it, or a PIN instead of codes", ("second_factor",), ("known",)),
    Act(
        "codes_set_up", "codes", "c", "One-time codes of an app, or a new app for them", ("second_factor",), ("known",)
    ),
    Act("begin_reset", "forgotten", "F", "Begin to forget it: a wait of 24 hours", ("second_factor",), ("no_reset",)),
    Act("finish_reset", "forget it", "F", "Forget it now: the wait is over", ("second_factor",), ("reset_over",)),
    Act("end_reset", "end the reset", "e", "End the wait with the right secret", ("second_factor",), ("reset",)),
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
    Act(
        "ask_again",
        "ask again",
        "f9",
        "Let a PIN or code of a moment ago cover nothing more",
        (EVERYWHERE,),
        ("covered",),
        footer=False,
    ),
    Act("theme", "theme", "ctrl+t", "Light or dark", (EVERYWHERE,), footer=False),
    Act("palette", "commands", "ctrl+p", "Every action by name", (EVERYWHERE,)),
    Act("keys", "keys", "question_mark", "Every key and what it does", (EVERYWHERE,)),
    Act("quit", "quit", "q", "Leave; what runs goes on if you want", ("home",)),
    Act("quit_app", "quit", "ctrl+q", "Leave; what runs goes on if you want", (EVERYWHERE,), footer=False),
)
