"""Hiding is one function: whatever the scanner finds, in whatever form, is hidden wherever texts are shown or kept."""

from __future__ import annotations

import base64
import codecs
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.governance.secrets import redact, scan
from engine.models.redacting import redacted
from engine.review.finding import make_finding
from engine.vocabulary.changes import FindingKind, Severity
from orion_tui.cli.exits import report_bug

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "ghp_" + "aB3dE5fG7hJ9kL2mN4pQ6rS8tU1vW0xYZz12"
KINDS = {
    "a known token": TOKEN,
    "a token of nobody known": "acme_live_" + TOKEN[4:36],
    "a named value": f"api_key = '{TOKEN[4:]}'",
    "an address": "postgres://app:" + "s3cr3tPa55w0rd@db.example.net/app",
    "a password": 'password = "xK9#mP2$vL5q"',
}
FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "base64 over lines": lambda text: base64.encodebytes(f"before, {text} and behind\n".encode() * 3).decode(),
    "hex": lambda text: text.encode().hex(),
    "percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "escapes": lambda text: "".join(f"\\u{byte:04x}" for byte in text.encode()),
    "JSON": json.dumps,
    "ROT13": lambda text: codecs.encode(TOKEN, "rot13") if text == TOKEN else text,
    "split": lambda text: f'"{text[:14]}" + "{text[14:]}"' if '"' not in text and "'" not in text else text,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_found_in_a_form_is_hidden_in_it_and_stays_hidden(kind: str, form: str) -> None:
    text = f"x: {FORMS[form](KINDS[kind])}\n"
    assert scan(text.encode())
    hidden = redact(text)
    assert "…[redacted]" in hidden
    assert scan(hidden.encode()) == ()
    assert redact(hidden) == hidden


@pytest.mark.parametrize("form", FORMS)
def test_findings_and_what_leaves_for_a_model_hide_the_same(form: str) -> None:
    text = f"it said {FORMS[form](TOKEN)} there"
    finding = make_finding(FindingKind.CHECK, Severity.INFO, text, text, hint="look at it")
    assert finding.message == finding.path == redact(text)
    assert redacted({"a": [text, {"b": text}]}) == {"a": [redact(text), {"b": redact(text)}]}


def test_the_report_of_a_bug_hides_what_the_error_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report_bug(ValueError(f"no such key: {TOKEN}"), tmp_path) == 1
    (kept,) = (tmp_path / "logs").iterdir()
    assert "ValueError: no such key: ghp_…[redacted]" in kept.read_text()
    assert TOKEN not in capsys.readouterr().err


def test_there_is_one_such_function_and_one_mark() -> None:
    marks = [
        path.relative_to(ROOT).as_posix()
        for top in ("engine", "orion_tui")
        for path in (ROOT / top).rglob("*.py")
        if "[redacted]" in path.read_text("utf-8")
    ]
    assert marks == ["engine/governance/secrets.py"]
