"""What a person can do with roles, in the list, in the form and in the interview."""

from __future__ import annotations

from orion_tui.acts.act import Act

ROLES: tuple[Act, ...] = (
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
        ("role", "settings"),
        ("typing",),
    ),
    Act(
        "type_field",
        "change",
        "enter",
        "Type another value for the field",
        ("role", "settings"),
        ("writable", "field", "not_typing"),
    ),
    Act(
        "next_choice",
        "next choice",
        "space",
        "The next of the field's choices",
        ("role", "settings"),
        ("writable", "chosen", "not_typing"),
    ),
    Act(
        "clear_field",
        "leave out",
        "delete",
        "Leave it out, its default counts",
        ("role", "settings"),
        ("writable", "set", "not_typing"),
    ),
    Act("clear_field_x", "leave out", "x", "The same", ("role", "settings"), ("writable", "set"), footer=False),
    Act("undo_field", "undo", "u", "Take back the last change", ("role", "settings"), ("edits",)),
    Act("save_role", "save", "ctrl+s", "Save the role, with your PIN", ("role",), ("writable", "file_edits", "valid")),
    Act(
        "read_file",
        "read again",
        "ctrl+r",
        "Read the file again, without your changes",
        ("role", "settings"),
        ("on_disk", "not_typing"),
    ),
    Act("yaml", "file", "y", "The file's text beside the form, or what was there", ("role", "settings")),
    Act("dry_run", "dry run", "t", "Typical actions and what would become of them", ("role",)),
    Act(
        "faults",
        "faults",
        "w",
        "Everything that is wrong in it, with place and what was expected",
        ("role", "settings"),
        ("faulty",),
    ),
    Act("surer", "confidence", "s", "Ask the dry run with another confidence", ("role",)),
    Act("form_pane", "next pane", "tab", "Go to the next pane", ("role", "settings")),
    # The interview for a new role
    Act("answer", "take it", "enter", "Take the answer and go on", ("new_role",)),
    Act("mark", "mark/unmark", "space", "Move the action in or out of this list", ("new_role",), ("option",)),
)
