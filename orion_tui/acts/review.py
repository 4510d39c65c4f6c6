"""What a person can do with finished work."""

from __future__ import annotations

from orion_tui.acts.act import Act

REVIEW: tuple[Act, ...] = (
    # Review
    Act(
        "take_line", "take/leave line", "space", "Take the line, or leave it out", ("review",), ("line",), footer=False
    ),
    Act("take", "take/leave", "space", "Take the hunk (or the file), or leave it out", ("review",), ("file",)),
    Act("lines", "lines", "enter", "Choose single lines of the hunk, or end that", ("review",), ("hunk",)),
    Act("take_file", "file", "f", "Take the whole file, or leave it out", ("review",), ("file",)),
    Act("take_all", "all/none", "x", "Take everything, or nothing", ("review",), ("files",), footer=False),
    Act("accept", "accept", "a", "Accept the finding, or take that back", ("review",), ("finding", "acceptable")),
    Act(
        "allow",
        "no secret",
        "A",
        "Put the find on your allow-list, with a reason",
        ("review",),
        ("engine", "secret"),
        False,
    ),
    Act("decide", "approve", "a", "Approve or refuse what waits", ("review",), ("decision",), footer=False),
    Act("promote", "promote", "P", "Let what is chosen into your branch", ("review",), ("engine", "promotable")),
    Act(
        "complete",
        "done",
        "D",
        "Nothing to promote: the review is done, and so is the session",
        ("review", "monitor"),
        ("engine", "nothing_left"),
    ),
    Act("reject_session", "reject all", "R", "Reject the whole session", ("review",), ("engine", "open_review")),
    Act(
        "undo_promotion",
        "undo",
        "U",
        "Take back the promotion under the mark, else the last one",
        ("review",),
        ("engine", "promoted"),
    ),
    Act("undo_promotion_u", "undo", "u", "The same", ("review",), ("engine", "promoted"), footer=False),
    Act("next_hunk", "hunk", "j", "The next hunk of the diff, or the next line", ("review", "approvals"), ("hunk",)),
    Act("previous_hunk", "hunk back", "k", "The one before", ("review", "approvals"), ("hunk",), footer=False),
    Act("next_hit", "next hit", "n", "The next place of what is looked for; esc ends that", ("review",), ("hits",)),
    Act("previous_hit", "hit before", "N", "The place before", ("review",), ("hits",), footer=False),
    Act("next_file", "next file", "n", "The next file of the diff", ("review",), ("hunk", "no_hits")),
    Act("previous_file", "file before", "N", "The file before", ("review",), ("hunk", "no_hits"), footer=False),
    Act(
        "unfold_file",
        "unfold/fold",
        "z",
        "The unchanged parts of this file, or only its changes",
        ("review",),
        ("hunk",),
    ),
    Act("unfold_all", "unfold/fold all", "t", "The same for every file", ("review",), ("hunk",), footer=False),
    Act("diff_or_files", "diff/files", "d", "The diff on the whole screen, or the files beside it", ("review",)),
    Act("side_by_side", "side by side", "v", "Old and new side by side, or below each other", ("review",), ("hunk",)),
    Act("search", "search", "slash", "Look for a text in the diff", ("review",), ("hunk",)),
    Act("why", "why", "w", "The task behind it: reasoning, evidence, transcript", ("review",), ("tasked",)),
    Act("session_log", "log", "l", "What the session did, step by step", ("review",), ("engine",), footer=False),
    Act("detail", "details", "i", "Everything known about what the cursor is on", ("review",), ("row",)),
    Act("group", "group", "g", "Files by folder, or by the task that made them", ("review",), ("files",), footer=False),
    Act("resolve", "resolve", "c", "Resolve the conflict of this file", ("review",), ("engine", "conflicted")),
    Act("note", "note", "m", "Say something about this line or file to the agent", ("review",), ("file",)),
    Act("drop_note", "drop note", "delete", "Drop the note under the cursor", ("review",), ("note",), footer=False),
    Act("turn_down", "reject", "r", "Leave the file out, with a reason", ("review",), ("file",), footer=False),
    Act("look", "look around", "o", "A shell in the sandbox, on a copy of the result", ("review",), ("engine",), False),
    Act("check_out", "open result", "O", "The result as plain files elsewhere", ("review",), ("engine",), False),
    Act("revise", "revise", "e", "Make your notes a new task of the session", ("review",), ("engine", "notes")),
)
