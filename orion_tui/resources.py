"""Where the style sheets are: inside the package in a wheel, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from engine.vocabulary.settings import theme_said

_PACKAGE = Path(__file__).resolve().parent


def style_sheet(name: str) -> Path:
    """The absolute path of a style sheet. Raises FileNotFoundError, naming both places, when the installation is
    broken."""
    places = (_PACKAGE / "_data" / "styles" / name, _PACKAGE.parent / "styles" / name)
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(f"{name} is in none of: {', '.join(str(place) for place in places)}; reinstall orion-tui")


def look_in(home: Path | None) -> str:
    """The theme of the configuration, looked up before the first paint; `auto` where there is none to read."""
    if home is None:
        return theme_said("")
    try:
        return theme_said((home / "config.yaml").read_text("utf-8", "replace"))
    except OSError:
        return theme_said("")
