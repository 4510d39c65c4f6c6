"""A worker over the real wire of either API, the configuration that leads to it, and a session that it works in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import yaml

from engine.engine import Engine
from engine.vocabulary.plans import Check, Plan, Task
from engine.vocabulary.requests import SessionRequest
from tests.support.endpoint import Answer, Asked, LoopbackEndpoint, fails, says
from tests.support.recordings import task

KEY, KEY_ENV = "sk-not-a-real-one", "WIRE_KEY"
QUESTION = {"question": "Also subtract?", "proposed": "No."}
BRIEF = {"asked": "Mend adding.", "left_out": ["subtraction"], "success": ["tests pass"], "questions": [QUESTION]}
CHECK = "python3 -m unittest -q test_app"
TASKS = {"tasks": [task("fix", checks=[CHECK]), task("note", action="docs.write", depends_on=["fix"])]}
FIX = ("edit", {"path": "src/app.py", "find": "a - b", "replace": "a + b"})
NOTE = ("write", {"path": "docs/note.md", "content": "# A note\n"})
DONE = ("finish", {"summary": "done", "confidence": 0.95, "evidence": "the tests"})
TOO_LONG = fails(400, "this model's maximum context length is 4096 tokens", "context_length_exceeded")


def worker(asked: Asked) -> Answer:
    """Takes in, plans two tasks, and works on them with tools."""
    body = json.dumps(asked.body)
    if '"left_out"' in body and '"questions"' in body and "maxItems" in body:
        return says(json.dumps(BRIEF)) if "response_format" in asked.body else says("", ("answer", BRIEF))
    if '"expected_files"' in body and "maxItems" in body:
        return says(json.dumps(TASKS)) if "response_format" in asked.body else says("", ("answer", TASKS))
    if probes(asked):
        return says("", ("report", {"word": "ready"}))
    fixes = "[this task] Do fix" in body
    if ("a + b" if fixes else "# A note") in body:
        return says("I am done.", DONE)
    return says("I mend it.", FIX) if fixes else says("", NOTE)


def probes(asked: Asked) -> bool:
    tools = asked.body.get("tools", ())
    return len(tools) == 1 and "report" in json.dumps(tools[0])


def after(*first: Answer) -> Callable[[Asked], Answer]:
    """These answers, one after the other, to what is not a probe; then the worker's."""
    left = list(first)

    def script(asked: Asked) -> Answer:
        return left.pop(0) if left and not probes(asked) else worker(asked)

    return script


def set_up(home: Path, api: str, server: LoopbackEndpoint, **more: object) -> None:
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    entry = {"api": api, "base_url": server.base_url, "model": "served", "api_key_env": KEY_ENV, **more}
    (home / "config.yaml").write_text(yaml.safe_dump({"default_model": "live", "models": {"live": entry}}))


def begun(engine: Engine, repository: Path) -> str:
    """A session on one task that a model works on."""
    plan = Plan("Mend adding", (Task("fix", "Do fix", checks=(Check(CHECK),)),), "test")
    session = engine.sessions.create(engine.sessions.propose(SessionRequest(repository, plan=plan)))
    engine.sessions.start(session)
    return session
