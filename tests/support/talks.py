"""Writing a recording by hand and running a session on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.engine import Engine
from engine.vocabulary.events import EventKind
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.sessions import Limits, Session
from tests.support.sessions import TIMEOUT_S

HEADER = {"format": "orion-replay/1", "about": "written by hand for a test"}


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def done(summary: str = "done", confidence: float = 0.95, **more: Any) -> dict[str, Any]:
    return call("finish", summary=summary, confidence=confidence, **more)


def plan(*tasks: dict[str, Any]) -> dict[str, Any]:
    whole = [
        {"title": task["id"], "instructions": "Do it.", "depends_on": [], "action": "code.write", "confidence": 0.95}
        | {"expected_files": [], "estimate_s": [1, 2], "checks": []}
        | task
        for task in tasks
    ]
    return {"purpose": "plan", "task": "", "turn": 1, "expects": None, "reply": {"text": json.dumps({"tasks": whole})}}


def turns(task: str, *replies: Any, cost: float = 0.0) -> list[dict[str, Any]]:
    """One line for each reply: a list of calls, or a whole reply."""
    usage = {"tokens_in": 10, "tokens_out": 5, "cost_usd": cost}
    return [
        {"purpose": "act", "task": task, "turn": turn, "expects": None}
        | {"reply": reply if isinstance(reply, dict) else {"text": "", "calls": reply, "usage": usage}}
        for turn, reply in enumerate(replies, 1)
    ]


def record(home: Path, *lines: dict[str, Any]) -> None:
    """Make the recording the default model of that home."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    (home / "talk.jsonl").write_text("".join(json.dumps(line) + "\n" for line in (HEADER, *lines)))
    (home / "config.yaml").write_text("default_model: told\nmodels:\n  told: {api: replay, file: talk.jsonl}\n")


def made(engine: Engine, workspace: Path, limits: Limits | None = None) -> str:
    """A stored session that nobody runs yet."""
    request = SessionRequest(workspace=workspace, goal="Mend adding", limits=limits)
    return engine.sessions.create(engine.sessions.propose(request))


def worked(engine: Engine, workspace: Path, limits: Limits | None = None) -> Session:
    session = made(engine, workspace, limits)
    engine.sessions.start(session)
    return engine.sessions.wait(session, TIMEOUT_S)


def facts(engine: Engine, session: str, kind: EventKind) -> list[dict[str, Any]]:
    return [dict(event.data) for event in engine.sessions.events(session) if event.kind is kind]
