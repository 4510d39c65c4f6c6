"""Writing a model's side of a session as a recording, and running the session on it."""

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


def done(summary: str = "done", confidence: float = 0.95) -> dict[str, Any]:
    return call("finish", summary=summary, confidence=confidence)


def task(name: str, **fields: Any) -> dict[str, Any]:
    """A task as a model writes it."""
    return {
        "id": name,
        "title": f"Do {name}",
        "instructions": "Do it.",
        "depends_on": [],
        "action": "code.write",
        "confidence": 0.95,
        "expected_files": [],
        "estimate_s": [1, 2],
        "checks": [],
    } | fields


def line(purpose: str, reply: Any, *, task: str = "", turn: int = 1, cost: float = 0.0) -> dict[str, Any]:
    """One reply whose text is that JSON value, or that text."""
    text = reply if isinstance(reply, str) else json.dumps(reply)
    usage = {"tokens_in": 10, "tokens_out": 5, "cost_usd": cost}
    return {"purpose": purpose, "task": task, "turn": turn, "expects": None, "reply": {"text": text, "usage": usage}}


def plan(*tasks: dict[str, Any], cost: float = 0.0) -> dict[str, Any]:
    return line("plan", {"tasks": list(tasks)}, cost=cost)


def weighed(decision: str, reason: str, *tasks: dict[str, Any], turn: int = 1, cost: float = 0.0) -> dict[str, Any]:
    return line("replan", {"decision": decision, "reason": reason, "tasks": list(tasks)}, turn=turn, cost=cost)


def acts(name: str, *replies: Any, cost: float = 0.0) -> list[dict[str, Any]]:
    """The turns of a task, each a list of calls, or a whole reply."""
    usage = {"tokens_in": 10, "tokens_out": 5, "cost_usd": cost}
    return [
        {"purpose": "act", "task": name, "turn": turn, "expects": None}
        | {"reply": reply if isinstance(reply, dict) else {"text": "", "calls": reply, "usage": usage}}
        for turn, reply in enumerate(replies, 1)
    ]


def writes(name: str, path: str = "", text: str = "X = 1\n") -> list[dict[str, Any]]:
    """A task that writes one file and says it is done."""
    return acts(name, [call("write", path=path or f"src/{name}.py", content=text), done()])


def record(home: Path, *lines: dict[str, Any]) -> None:
    """Make the recording the default model of that home."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    (home / "talk.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in (HEADER, *lines)))
    (home / "config.yaml").write_text("default_model: told\nmodels:\n  told: {api: replay, file: talk.jsonl}\n")


def begun(engine: Engine, workspace: Path, goal: str = "Mend adding", limits: Limits | None = None) -> str:
    """A session planned by the recording that nobody runs yet."""
    request = SessionRequest(workspace=workspace, goal=goal, limits=limits)
    return engine.sessions.create(engine.sessions.propose(request))


def worked(engine: Engine, workspace: Path, goal: str = "Mend adding", limits: Limits | None = None) -> Session:
    session = begun(engine, workspace, goal, limits)
    engine.sessions.start(session)
    return engine.sessions.wait(session, TIMEOUT_S)


def events_of(engine: Engine, session: str, kind: EventKind) -> list[dict[str, Any]]:
    return [dict(event.data) for event in engine.sessions.events(session) if event.kind is kind]
