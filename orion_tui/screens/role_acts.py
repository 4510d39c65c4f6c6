"""What can be done to a role from the list and from its own screen: trust, untrust, delete, each as a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.roles import RoleSource
from engine.vocabulary.text import lines_of, visible
from orion_tui.bridge import ask
from orion_tui.modals.confirm import ConfirmModal
from orion_tui.modals.pin import PinModal

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.vocabulary.requests import RoleEntry
    from orion_tui.screens.base import OrionScreen

_MOST_LINES = 12


def facts_of(entry: RoleEntry | None) -> set[str]:
    """The conditions of `orion_tui.actions` that hold for a role."""
    if entry is None:
        return set()
    holds = {"role"}
    if entry.source is RoleSource.USER:
        holds.add("mine")
    if entry.source is RoleSource.PROJECT and entry.role is not None:
        if entry.trusted:
            holds.add("trusted")
        elif entry.hidden_by is None:
            holds.add("untrusted")
    return holds


def why_off(act: str, entry: RoleEntry | None) -> str:
    """Why one of these acts is off for a role, more precisely than the table; empty where the table says enough."""
    if entry is None:
        return ""
    if act == "delete_role" and entry.source is RoleSource.STARTER:
        return "it ships with Orion and is protected; a role of yours of that name would hide it"
    if act == "delete_role" and entry.source is RoleSource.PROJECT:
        return "it belongs to the repository, where you can delete it yourself"
    if act == "trust_role" and entry.source is not RoleSource.PROJECT:
        return "only roles of a repository need trust; this one can be used"
    if act == "trust_role" and entry.role is None:
        return "it is broken, so it cannot be used anyway"
    if act == "trust_role" and entry.hidden_by is not None:
        return "its name is taken by another role: rename it in the repository"
    if act == "trust_role" and entry.trusted:
        return "you trust it already, exactly as it is now"
    if act == "copy_role" and entry.role is None:
        return "it is broken: mend it first"
    if act == "copy_role" and not entry.trusted:
        return "it is not trusted: nothing is made of it before you trust it"
    return ""


def trust(screen: OrionScreen, entry: RoleEntry, since: str, done: Callable[[], None]) -> None:
    """Ask for the PIN and trust what was shown: another content by then is refused."""
    engine, workspace = screen.engine, screen.orion.workspace
    text = f"It then decides what an agent may do here, exactly as its file is now ({entry.content[:12]}).\n"
    if since:
        lines = lines_of(since)[2:]
        rest = f"\n… {len(lines) - _MOST_LINES} more lines" if len(lines) > _MOST_LINES else ""
        changed = "\n".join(visible(line) for line in lines[:_MOST_LINES])
        text += f"\nWhat changed since you trusted it:\n{changed}{rest}\n"
    modal = PinModal(
        f"Trust {visible(entry.name)}?",
        text,
        engine.auth,
        lambda secret: engine.roles.trust(entry.name, workspace, secret=secret, content=entry.content),
        yes="trust",
    )

    def over(trusted: RoleEntry | None) -> None:
        if trusted is not None:
            screen.orion.say(f"{entry.name} is trusted as it is now; any change of the file ends that")
            done()

    screen.app.push_screen(modal, over)


def untrust(screen: OrionScreen, entry: RoleEntry, done: Callable[[], None]) -> None:
    """Ask, and take the trust back; giving up rights needs no secret."""
    engine, workspace = screen.engine, screen.orion.workspace

    def gone(_count: int) -> None:
        screen.orion.say(f"{entry.name} is not trusted any more")
        done()

    def answered(yes: bool | None) -> None:
        if yes:
            ask(screen, lambda: engine.roles.untrust(entry.name, workspace), gone)

    text = "No session can use it, or be resumed or promoted with it, before you trust it again."
    screen.app.push_screen(ConfirmModal(f"Take your trust in {visible(entry.name)} back?", text), answered)


def delete(screen: OrionScreen, entry: RoleEntry, done: Callable[[], None]) -> None:
    """Ask for the PIN and delete the role of the user's."""
    engine = screen.engine

    def work(secret: str) -> bool:
        engine.roles.delete(entry.name, secret=secret)
        return True

    def over(deleted: bool | None) -> None:
        if deleted:
            screen.orion.say(f"{entry.path} is deleted")
            done()

    text = f"{visible(entry.path)}\nA starter of that name counts again. Sessions that use it cannot go on without it."
    screen.app.push_screen(PinModal(f"Delete {visible(entry.name)}?", text, engine.auth, work, yes="delete"), over)
