"""The keys that work now, made from the table of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widget import Widget

from orion_tui.widgets.header import styled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.content import Content

    from orion_tui.acts.act import Act

_MOST_LINES = 3


def laid_out(acts: Sequence[Act], width: int, most_lines: int = _MOST_LINES) -> list[list[Act]]:
    """The acts in lines of at most `width` characters. When the lines are used up, `?` takes the last place, since it
    lists the rest."""
    lines: list[list[Act]] = [[]]
    used = 0
    for act in acts:
        need = len(act.shown_key) + 1 + len(act.label)
        if lines[-1] and used + 2 + need > width:
            lines.append([])
            used = 0
        used += need + (2 if lines[-1] else 0)
        lines[-1].append(act)
    if len(lines) <= most_lines:
        return lines
    keys = next((act for act in acts if act.id == "keys"), None)
    lines = lines[:most_lines]
    if keys is not None and not any(keys in line for line in lines):
        last = lines[-1]
        while last and sum(len(a.shown_key) + len(a.label) + 3 for a in (*last, keys)) - 2 > width:
            last.pop()
        last.append(keys)
    return lines


class OrionFooter(Widget):
    """As many lines as the keys need, at most three."""

    def __init__(self) -> None:
        super().__init__(id="footer")
        self._acts: tuple[Act, ...] = ()

    def show(self, acts: tuple[Act, ...]) -> None:
        """Draw these acts from now on."""
        if acts != self._acts:
            lines = len(laid_out(self._acts, max(self.size.width, 20)))
            self._acts = acts
            self.refresh(layout=lines != len(laid_out(acts, max(self.size.width, 20))))

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return len(laid_out(self._acts, width))

    def render(self) -> Content:
        parts: list[tuple[str, str]] = []
        for number, line in enumerate(laid_out(self._acts, self.size.width)):
            if number:
                parts.append(("\n", ""))
            for place, act in enumerate(line):
                parts += [("  " if place else "", ""), (act.shown_key, "key"), (f" {act.label}", "muted")]
        return styled(parts)
