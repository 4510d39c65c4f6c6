"""Every action by name, in the command palette: those of the present screen first, the others with where they live."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from orion_tui.actions import acts_for
from orion_tui.acts.act import EVERYWHERE, Act
from orion_tui.screens.base import OrionScreen

# Not in the footer, yet not the second key of something else.
_ALONE = ("theme", "previous_hunk", "setup", "ask_again")


class Actions(Provider):
    """Made from the table of actions; an act that is off is listed with its reason."""

    async def discover(self) -> Hits:
        for act, label, about, run in self._entries():
            yield DiscoveryHit(Content(label), run, text=f"{label} {act.id}", help=about)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for act, label, about, run in self._entries():
            score = matcher.match(f"{label} {act.help}")
            if score > 0:
                yield Hit(score, Content(label), run, text=f"{label} {act.id}", help=about)

    def _entries(self) -> list[tuple[Act, str, str, partial[None]]]:
        screen = self.screen
        if not isinstance(screen, OrionScreen):
            return []
        here = [
            act
            for act in acts_for(screen.NAME, screen.orion.acts)
            if act.id != "palette" and (act.footer or act.id in _ALONE)
        ]
        there = [
            act
            for act in screen.orion.acts
            if act not in here and act.id != "palette" and EVERYWHERE not in act.screens
        ]
        entries = []
        for act in sorted(here, key=lambda act: bool(screen.reason_off(act))):
            reason = screen.reason_off(act)
            about = f"off now: {reason}" if reason else act.help
            entries.append((act, f"{act.label}  ({act.shown_key})", about, partial(screen.perform, act)))
        for act in there:
            if not act.footer and act.id not in _ALONE:
                continue  # a second key of something that is listed
            where = " and ".join(name.replace("_", " ") for name in act.screens)
            about = f"{act.help} (on {where})"
            run = partial(screen.orion.say, f"{act.label} works on: {where}")
            entries.append((act, f"{where}: {act.label}  ({act.shown_key})", about, run))
        return entries
