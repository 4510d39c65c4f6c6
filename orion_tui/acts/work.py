"""What a person can do to have work done: on Home, New goal, the plan, the monitor, a task's story and approvals."""

from __future__ import annotations

from orion_tui.acts.act import Act

WORK: tuple[Act, ...] = (
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
    Act("figures", "figures", "s", "Cost, time, AEGIS, confidence", ("monitor", "review"), ("engine",), footer=False),
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
        ("engine", "offered", "not_planning"),
    ),
    Act(
        "plan_first",
        "plan first",
        "ctrl+r",
        "See the plan before anything starts",
        ("new_goal",),
        ("engine", "offered", "not_planning"),
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
)
