"""What can be done from the settings beside changing the file: a model's key, a test call, and tidying up."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from engine.vocabulary.text import visible
from orion_tui.bridge import ask
from orion_tui.modals.confirm import ConfirmModal
from orion_tui.modals.key import KeyModal

if TYPE_CHECKING:
    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.housekeeping import DiskUse, Leftover, Tidied
    from engine.vocabulary.setting_forms import SettingsPreview
    from orion_tui.screens.base import OrionScreen

_MOST_SHOWN = 8


def keep_key(screen: OrionScreen, model: str, preview: SettingsPreview) -> None:
    """Ask for the model's key, hidden, keep it in the keychain, and offer a test call."""
    entry = preview.settings.models[model].keychain if preview.settings else ""
    if not entry:
        screen.orion.say(f"{visible(model)} takes no key from the keychain: fill in its field keychain first")
        return
    engine = screen.engine

    def kept(where: str | None) -> None:
        if where:
            screen.orion.say(f"the key of {visible(model)} is kept in {where}; c tries it", timeout=8)

    screen.app.push_screen(KeyModal(model, entry, lambda key: engine.models.store_key(model, key)), kept)


def forget_key(screen: OrionScreen, model: str) -> None:
    """Take the model's key out of the keychain, after a question."""
    engine = screen.engine

    def gone(where: str) -> None:
        screen.orion.say(f"the key of {visible(model)} is gone from {where}")

    def answered(yes: bool | None) -> None:
        if yes:
            ask(screen, lambda: engine.models.forget_key(model), gone)

    text = f"{visible(model)} cannot be asked then, before another key is kept."
    screen.app.push_screen(ConfirmModal("Remove the key from the keychain?", text, yes="remove it"), answered)


def try_model(screen: OrionScreen, model: str) -> None:
    """Ask it for one word and say how that went; it goes on when one leaves the screen, and nobody waits."""
    engine, stop = screen.engine, Event()
    screen.orion.say(f"asking {visible(model)} for one word …", timeout=3)

    def failed(error: OrionError) -> None:
        screen.orion.show_error(error)

    ask(
        screen,
        lambda: engine.models.check(model, stop),
        lambda _: screen.orion.say(f"✓ {visible(model)} answers"),
        failed,
        group="try",
        exclusive=True,
    )


def tidy(screen: OrionScreen, preview: SettingsPreview) -> None:
    """Show what retention would remove by now, and remove it after a yes."""
    engine = screen.engine

    def looked(seen: tuple[tuple[Leftover, ...], DiskUse]) -> None:
        found, use = seen
        takes = f"Orion uses {use.said()} in {visible(use.root)}; orion doctor --removal says how all of it goes."
        if not found:
            screen.orion.say(
                f"there is nothing to remove: what is kept is younger, or waits for you.\n{takes}", timeout=8
            )
            return
        screen.app.push_screen(ConfirmModal("Tidy up?", f"{tidy_words(found)}\n\n{takes}", yes="remove it"), answered)

    def answered(yes: bool | None) -> None:
        if yes:
            ask(screen, engine.housekeeping.tidy, done)

    def done(gone: Tidied) -> None:
        what = f"{gone.sessions} sessions' trees, outputs of {gone.outputs}, {gone.setups} set-ups"
        screen.orion.say(f"removed: {what}; {_mib(gone.size)}", timeout=8)

    ask(screen, lambda: (engine.housekeeping.look(), engine.housekeeping.disk()), looked)


def tidy_words(found: tuple[Leftover, ...]) -> str:
    """What would go, the largest first, and what never does."""
    shown = sorted(found, key=lambda one: one.size, reverse=True)[:_MOST_SHOWN]
    lines = [f"{_mib(one.size):>11}  {one.kind} {one.name}: {one.why}" for one in shown]
    if len(found) > len(shown):
        lines.append(f"{'':>11}  and {len(found) - len(shown)} more")
    total = _mib(sum(one.size for one in found))
    lines += ["", f"{total} in all. The log, the audit log and everything that waits for a review stay."]
    return "\n".join(visible(line) for line in lines)


def _mib(size: int) -> str:
    return f"{size / 1024**2:.1f} MiB"
