"""How the app looks: its themes, as the configuration says them. In none of them is a state said by colour alone."""

from __future__ import annotations

from itertools import cycle, dropwhile
from typing import TYPE_CHECKING

from textual.filter import Monochrome
from textual.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.filter import LineFilter

# Textual's own muted colour is a share of the contrast, which a strip of segments cannot blend.
OWN = {
    "orion-accent": "#e8ab3c",
    "orion-muted": "#8d96a1",
    "orion-line": "#3c444f",
    "orion-cursor": "#2d3540",
    "orion-cursor-idle": "#20262e",
}
THEMES = (
    Theme(
        "orion-dark",
        primary="#7aa2c8",
        accent="#e0a030",
        foreground="#d5d9de",
        background="#14171b",
        surface="#1a1e23",
        panel="#232830",
        success="#7fb58a",
        error="#d9786c",
        warning="#e0a030",
        dark=True,
        variables=OWN,
    ),
    Theme(
        "orion-light",
        primary="#2c5d8f",
        accent="#8a5300",
        foreground="#1d2126",
        background="#fbfaf7",
        surface="#f3f1ec",
        panel="#e6e3dc",
        success="#256b38",
        error="#a3271b",
        warning="#8a5300",
        dark=False,
        variables={
            "orion-accent": "#8a5300",
            "orion-muted": "#5a616a",
            "orion-line": "#b8b3a7",
            "orion-cursor": "#d9e2ec",
            "orion-cursor-idle": "#ecebe6",
        },
    ),
    Theme(
        "orion-contrast",
        primary="#7cc4ff",
        accent="#ffd633",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#1c1c1c",
        success="#7dffa0",
        error="#ff9d9d",
        warning="#ffd633",
        dark=True,
        variables={
            "orion-accent": "#ffd633",
            "orion-muted": "#d6d6d6",
            "orion-line": "#a8a8a8",
            "orion-cursor": "#003a75",
            "orion-cursor-idle": "#333333",
        },
    ),
    Theme(
        "orion-plain",
        primary="#e6e6e6",
        accent="#ffffff",
        foreground="#e6e6e6",
        background="#101010",
        surface="#161616",
        panel="#262626",
        success="#e6e6e6",
        error="#ffffff",
        warning="#ffffff",
        dark=True,
        variables={
            "orion-accent": "#ffffff",
            "orion-muted": "#a6a6a6",
            "orion-line": "#5c5c5c",
            "orion-cursor": "#3d3d3d",
            "orion-cursor-idle": "#262626",
        },
    ),
)
BY_NAME = {theme.name: theme for theme in THEMES}


CHOICES = ("dark", "light", "contrast", "plain")
"""The themes in the order in which one key goes through them."""


def theme_of(said: str, environment: Mapping[str, str]) -> str:
    """The theme's name for a word of the configuration: `auto` is dark, or plain for whoever wants no colours."""
    if said == "auto":
        said = "plain" if environment.get("NO_COLOR") else "dark"
    return f"orion-{said}"


def next_choice(theme: str) -> str:
    """The word for the theme after this one."""
    now = theme.removeprefix("orion-")
    following = dropwhile(lambda choice: choice != now, cycle(CHOICES))
    next(following)
    return next(following)


def filters_for(theme: str, filters: Sequence[LineFilter]) -> list[LineFilter]:
    """What a line goes through before it is drawn: `plain` takes out the colours of syntax, too."""
    others = [one for one in filters if not isinstance(one, Monochrome)]
    return [*others, Monochrome()] if theme == "orion-plain" else others
