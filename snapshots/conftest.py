"""Pictures of the screens: one SVG per picture under `snapshots/<test file>/`, the same on every machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_textual_snapshot
from syrupy.location import PyTestLocation
from textual.widgets import Input, TextArea


class PicturesBesideTheTest(pytest_textual_snapshot.SVGImageExtension):
    """The plugin's own format in a folder with a plainer name."""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        place = Path(test_location.filepath)
        return str(place.parent / place.stem)


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No colour setting, time zone or home of this machine gets into a picture, and no cursor that is off just now."""
    monkeypatch.setattr(Input, "_toggle_cursor", lambda _entry: None)
    monkeypatch.setattr(TextArea, "_toggle_cursor_blink_visible", lambda _entry: None)
    monkeypatch.setattr(pytest_textual_snapshot, "SVGImageExtension", PicturesBesideTheTest)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ORION_HOME", str(tmp_path / ".orion"))
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


SIZES = ((80, 24), (120, 36))


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Both sizes that every screen is drawn for."""
    given: Any = request.param
    return given
