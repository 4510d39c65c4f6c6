"""The command `orion`: which commands there are, and what happens when one of them fails.

A noun's module is imported only when one of its commands is called, so that a short answer starts fast.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.vocabulary.errors import OrionError, UsageError
from engine.vocabulary.processes import leave_no_core
from engine.vocabulary.text import nearest, shortened
from orion_tui.cli.exits import LONGEST_MESSAGE, Exit, report, report_bug
from orion_tui.cli.options import home_folder
from orion_tui.cli.out import lose_output, note

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_NAME = 80
_EXITS = (
    "Exit codes: 0 done, 1 a fault of Orion's or of the machine, 2 wrong usage or bad input, 3 a limit stopped the "
    "session, 4 everything left waits for approval, 5 the session failed, 6 no sandbox, 7 the PIN or code is wrong, "
    "missing or locked, 8 blocked, or a check found something, 130 interrupted."
)
# Section -> command -> (where it is, what the help says about it).
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Work": {
        "demo": ("demo:demo", "The main job on a sample repository, offline"),
        "work": ("work:work", "Carry out a goal, a playbook or a plan in the sandbox"),
        "plan": ("work:plan", "Make a plan and show what the gate says; start nothing"),
    },
    "Sessions": {
        "sessions": ("session:sessions", "List sessions, newest first"),
        "status": ("session:status", "One session in full"),
        "log": ("session:log", "Every event of a session"),
        "pause": ("session:pause", "Stop after a checkpoint, to go on later"),
        "resume": ("work:resume", "Go on with a paused or interrupted session"),
        "steer": ("steering:steer", "Tell whoever works on a session something"),
        "limits": ("steering:limits", "Show or change the limits of a session"),
        "record": ("steering:record", "Write the conversation with the model to a file for replay"),
        "cancel": ("session:cancel", "Stop for good; what was kept stays for review"),
        "checkpoints": ("session:checkpoints", "The points a session can go back to"),
        "rollback": ("session:rollback", "Go back to a checkpoint"),
    },
    "Decisions": {
        "approvals": ("approval:approvals", "What waits for your decision"),
        "approve": ("approval:approve", "Let a parked action or effect through"),
        "deny": ("approval:deny", "Refuse it, with a reason"),
    },
    "Review": {
        "review": ("review:review", "Files, findings and conflicts of a session"),
        "diff": ("review:diff", "What a session would change, as a patch"),
        "check": ("promotion:check", "Run the checks on exactly what would be promoted"),
        "promote": ("promotion:promote", "Let the chosen part into your repository as one commit"),
        "undo-promote": ("promotion:undo_promote", "Take the latest promotion back with a revert commit"),
        "export": ("export:export", "A session as one archive, for a colleague or a bug report"),
        "revise": ("looking:revise", "Send comments back to the agent as a new task"),
        "look": ("looking:look", "Look around in the sandbox, on a copy of the result"),
        "checkout": ("looking:checkout", "Write the result as plain files to a folder"),
        "complete": ("promotion:complete", "Close a session that has nothing to promote"),
        "reject": ("promotion:reject", "Turn a session or one task down, with a reason"),
    },
    "Rules": {
        "why": ("why:why", "Why the gate decided as it did at an event of the log"),
        "role": ("role:role", "List, show, make, change, test and trust roles"),
        "feedback": ("feedback:feedback", "What people made of past work, and forgetting it"),
        "guard": ("guard:guard", "What the guard makes of a goal text"),
        "scan": ("scan:scan", "Look for secrets in files, standard input and commits"),
        "allowlist": ("scan:allowlist", "What the scanner lets pass, with reasons"),
        "auth": ("auth:auth", "The PIN or the codes that promotions ask for"),
        "audit": ("audit:audit", "Verify, show and export the audit log"),
    },
    "This machine": {
        "setup": ("setup:setup", "The first steps: machine, role, PIN, dry run"),
        "doctor": ("admin:doctor", "What works here, and what to do about the rest"),
        "settings": ("admin:settings", "The configuration in effect"),
        "model": ("model:model", "List and try models, keep their keys"),
    },
}


class OrionGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = next((section[cmd_name][0] for section in COMMANDS.values() if cmd_name in section), "")
        if not place:
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(import_module(f"orion_tui.cli.{module}"), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            hint = nearest(args[0][:_LONGEST_NAME], names)
            told = f"; {hint}" if hint.startswith("did you mean") else ""
            ctx.fail(f"No such command {args[0]!r}{told}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, section in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name, text) for name, (_, text) in section.items()])

    def invoke(self, ctx: click.Context) -> Any:
        # Click would answer a closed pipe with exit 1; whoever reads the first lines of a list is no error.
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            lose_output()
            return Exit.DONE


@click.group(
    "orion",
    cls=OrionGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EXITS,
)
@click.option("--workspace", type=click.Path(path_type=Path), default=Path(), help="Repository for the app.")
@click.option("--version", is_flag=True, help="Say which version this is.")
@click.pass_context
def cli(ctx: click.Context, workspace: Path, version: bool) -> int:
    """Orion carries out engineering goals by itself, within a role, in a sandbox, and lets nothing into your
    repository without your PIN. Without a command it opens the full-screen app."""
    if version:
        from engine import __version__

        click.echo(f"orion {__version__}")
        return Exit.DONE
    if ctx.invoked_subcommand is not None:
        if ctx.get_parameter_source("workspace") is click.core.ParameterSource.COMMANDLINE:
            hint = "give it behind the command, where that takes it: orion COMMAND --workspace DIRECTORY"
            raise UsageError("--workspace before a command is for the app alone", hint)
        return Exit.DONE
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "the full-screen app needs a terminal",
            "in a script use a command: `orion --help` lists them, `orion work --playbook FILE --yes` starts work",
        )
    from orion_tui.app import run as run_app

    return run_app(home_folder(), workspace.absolute())


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line; the exit code. Never raises."""
    leave_no_core()
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that cannot show a sign gets its code; it is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    try:
        answer = cli.main(args=list(arguments), prog_name="orion", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        _tell_usage(error)
        return Exit.USAGE
    except (KeyboardInterrupt, click.Abort):
        return Exit.INTERRUPTED
    except BrokenPipeError:
        lose_output()
        return Exit.DONE
    except OrionError as error:
        return report(error)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            name = shortened(str(error.filename), _LONGEST_NAME)
            return report(UsageError(f"{name} is too long for the name of a file", "give a shorter one"))
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            return report_bug(error, home_folder())
        note(f"orion: what was printed could not be written: {error.strerror}", fg="red")
        lose_output()
        return Exit.BUG
    except Exception as error:  # noqa: BLE001 - the last resort: reported to the person, kept in the log
        return report_bug(error, home_folder())
    return answer if isinstance(answer, int) else Exit.DONE


def _open_closed_streams() -> None:
    """A stream that whoever called closed is no file at all; what is printed there goes nowhere instead."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            # This takes the lowest number that is free, the stream's own, before a file of the engine's gets it.
            handle = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(handle, "r" if name == "stdin" else "w", closefd=False))


def _tell_usage(error: click.ClickException) -> None:
    """Click's words about a wrong command line; what was typed in it is made visible like all other text."""
    ctx = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":  # a class of its own since click 8.2
        note(error.format_message())
        return
    if ctx is not None:
        note(ctx.get_usage())
    note(f"Error: {shortened(error.format_message(), LONGEST_MESSAGE)}", fg="red")
    if ctx is not None:
        note(f"  see: {ctx.command_path} --help")
