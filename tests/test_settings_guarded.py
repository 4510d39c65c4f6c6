"""Changing the configuration: validated before it counts, in the log, and behind the PIN where it makes Orion laxer."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.storage.settings import example_settings, parse_settings
from engine.vocabulary.access import Guarded
from engine.vocabulary.errors import AuthError, ConfigError
from engine.vocabulary.events import ACCOUNT, EventKind
from engine.vocabulary.guarded_settings import GUARDED, changed, weakened
from tests.support.cli import Orion

PIN, WRONG = "482915", "906274"


def facts(engine: Engine) -> list[list[str]]:
    events = engine._core.journal.events(ACCOUNT)
    return [event.data["fields"] for event in events if event.kind is EventKind.SETTING_CHANGED]


@pytest.mark.parametrize(("key", "laxer", "stricter"), [
    ("auth.window_s", "60", "30"),
    ("sandbox.toolchains", "[/usr/share/a, /usr/share/b]", "[/usr/share/a]"),
])  # fmt: skip
def test_what_makes_it_laxer_asks_for_the_pin_and_what_makes_it_stricter_does_not(
    engine: Engine, key: str, laxer: str, stricter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(engine.settings), "_check", lambda *_: None)
    engine.auth.set_pin(PIN)
    with pytest.raises(AuthError):
        engine.settings.write(key, laxer)
    with pytest.raises(AuthError):
        engine.settings.write(key, laxer, secret=WRONG)
    assert facts(engine) == []
    assert not engine.settings.path().exists()
    engine.settings.write(key, laxer, secret=PIN)
    engine.settings.write(key, stricter)
    engine.settings.write(key, None)
    assert facts(engine) == [[key]] * 3
    assert key in GUARDED


def test_every_guarded_name_is_found_out() -> None:
    path = Path("config.yaml")
    text = "auth: {window_s: 9}\nsandbox: {toolchains: [/opt/a]}\nnotifications: {desktop: true}\n"
    lax, plain = parse_settings(text, path), parse_settings("", path)
    assert set(weakened(plain, lax)) == set(GUARDED)
    assert set(changed(plain, lax)) == {"auth.window_s", "sandbox.toolchains", "notifications.desktop"}
    # A place is as guarded when it goes as when it comes.
    assert weakened(lax, plain) == ("notifications",)


def test_a_text_that_is_not_valid_is_not_written(engine: Engine) -> None:
    engine.settings.save("default_role: qa-engineer\n")
    with pytest.raises(ConfigError) as caught:
        engine.settings.save("default_role: qa-engineer\nlimits: {time_s: never}\n")
    assert (caught.value.problems[0].line, caught.value.problems[0].field) == (2, "limits.time_s")
    assert engine.settings.text() == "default_role: qa-engineer\n"


def test_names_are_in_the_log_and_values_are_not(engine: Engine) -> None:
    engine.settings.save("models: {m: {api: openai, model: x, base_url: 'http://127.0.0.1:1/canary'}}\n")
    assert "models.m.base_url" in facts(engine)[0]
    assert "canary" not in str([event.data for event in engine._core.journal.events(ACCOUNT)])


def editor(tmp_path: Path, *texts: str) -> str:
    """A program that writes the next of these texts each time it is called."""
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.txt").write_text(text)
    program = tmp_path / "editor.py"
    program.write_text(
        "import pathlib, sys\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "first = min(folder.glob('*.txt'))\n"
        "pathlib.Path(sys.argv[1]).write_text(first.read_text())\n"
        "first.unlink()\n"
    )
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(program))}"


def test_the_file_is_edited_and_counts_once_it_is_valid(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orion = Orion(home, tmp_path)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", editor(tmp_path, "default_role: [", "default_role: qa-engineer\n", example_settings()))
    broken = orion("settings", "edit")
    assert (broken.code, broken.out) == (2, "")
    assert "line 1" in broken.err
    assert not (home / "config.yaml").exists()
    assert orion("settings", "edit").out == "changed: default_role\n"
    assert orion("settings", "edit").out == "changed: default_role\n"
    assert "# Orion's configuration" in (home / "config.yaml").read_text()


def test_the_command_line_asks_for_the_pin_in_its_one_way(home: Path, tmp_path: Path) -> None:
    orion = Orion(home, tmp_path)
    orion("auth", "set", "pin", "--new-pin-stdin", given=f"{PIN}\n")
    assert orion("settings", "set", "auth.window_s", "60").code == 2
    assert orion("settings", "set", "auth.window_s", "60", "--pin-stdin", given=f"{WRONG}\n").code == 7
    done = orion("settings", "set", "auth.window_s", "60", "--pin-stdin", "--json", given=f"{PIN}\n")
    assert done.json == {"auth.window_s": 60.0}


def test_a_negative_number_is_a_value_and_no_option_that_there_is_not(home: Path, tmp_path: Path) -> None:
    orion = Orion(home, tmp_path)
    for words in (["-5"], ["--", "-5"], ["-5", "--json"]):
        refused = orion("settings", "set", "limits.parallel", *words)
        assert (refused.code, refused.out) == (2, "")
        assert "limits.parallel: -5 is out of range" in refused.err
        assert "at least 1" in refused.err
    assert "No such option '-x'" in orion("settings", "set", "limits.parallel", "-x").err


def test_a_window_that_was_only_written_into_the_file_lets_nothing_in(engine: Engine, home: Path) -> None:
    engine.auth.set_pin(PIN)
    (home / "config.yaml").write_text("auth: {window_s: 300}\n")
    assert engine.auth.status().window_s == 0
    engine._core.authoriser.authorise(Guarded.PROMOTE, PIN, session="s1")
    with pytest.raises(AuthError):
        engine._core.authoriser.authorise(Guarded.PROMOTE, None, session="s1")
    with pytest.raises(AuthError):
        engine.settings.write("auth.window_s", "300")
    engine.settings.write("auth.window_s", "300", secret=PIN)
    assert engine.auth.status().window_s == 300
    engine._core.authoriser.authorise(Guarded.PROMOTE, None, session="s1")
    (home / "config.yaml").write_text("auth: {window_s: 20}\n")
    assert engine.auth.status().window_s == 20
