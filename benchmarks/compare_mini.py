"""The same scripted task with the same replies on mini-swe-agent (its Docker environment) and on Orion (Docker too).

    python3 -m venv /tmp/mini && /tmp/mini/bin/pip install mini-swe-agent
    python benchmarks/compare_mini.py /tmp/mini/bin/python

Both run the same commands in containers of Orion's image on the same repository, their model answers at once, and the
clock runs from the start of the container to the end of the task. Orion gates every command, keeps a journal, verifies
the result on a fresh checkout and commits it in that time. The two take turns, each first in every other round, after
a round that does not count; the figure is the median of the rounds' own ratios, so that what the machine does besides
hits both. Prints one `name value limit ok/over` line, and beside it the processor time of each with the programs that
it starts (not that of the Docker engine, which works for both). Exit 2 when one of the two cannot run here.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine.build import build
from engine.engine import Engine
from engine.sandboxes.docker.image import own_image
from engine.storage.shipped import shipped
from engine.vocabulary.events import EventKind
from engine.vocabulary.plans import Plan, Task
from engine.vocabulary.requests import SessionRequest

ROUNDS = 9
LIMIT = 1.0
COMMANDS = (
    "ls -la",
    "cat app.py",
    "grep -n 'return' app.py",
    "python3 -m unittest -q; true",
    "sed -i 's/a - b/a + b/' app.py",
    "cat app.py",
    "python3 -m unittest -q",
    "printf '# Adds\\n' > NOTES.md",
    "cat NOTES.md",
    "git diff | head -40; true",
    "wc -l app.py test_app.py",
    "python3 -m unittest -q",
)
FILES = {
    "app.py": "def add(a, b):\n    return a - b\n",
    "test_app.py": "import unittest\nfrom app import add\n\n\nclass Adds(unittest.TestCase):\n"
    "    def test_it(self):\n        self.assertEqual(add(2, 3), 5)\n",
}
_MINI = """
import json, resource, sys, time
from minisweagent.agents.default import DefaultAgent
from minisweagent.environments.docker import DockerEnvironment
from minisweagent.models.test_models import DeterministicModel, make_output
given = json.loads(sys.argv[1])
commands = [*given["commands"], "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"]
def worked():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
began, before = time.perf_counter(), worked()
mount = ["--rm", "-v", given["repository"] + ":/work"]
env = DockerEnvironment(image=given["image"], cwd="/work", run_args=mount)
outputs = [make_output("next", [{"command": each}], 0.0) for each in commands]
model = DeterministicModel(outputs=outputs, cost_per_call=0.0)
agent = DefaultAgent(model, env, system_template="You work.", instance_template="{{task}}", cost_limit=0.0)
ended = agent.run("Mend adding")
took = time.perf_counter() - began
assert ended["exit_status"] == "Submitted", ended
print(took, worked() - before)
env.cleanup()
"""


def main() -> int:
    if len(sys.argv) != 2:
        print("name the Python that has mini-swe-agent", file=sys.stderr)
        return 2
    ours, theirs = [], []
    with tempfile.TemporaryDirectory(prefix="orion-bench-") as place:
        root = Path(place)
        engine = build(_home(root / "home"))
        try:
            for number in range(ROUNDS + 1):
                mine, other = _repository(root / f"ours{number}"), _repository(root / f"theirs{number}")
                if number % 2:
                    theirs.append(_mini_s(sys.argv[1], other))
                    ours.append(_orion_s(engine, mine))
                else:
                    ours.append(_orion_s(engine, mine))
                    theirs.append(_mini_s(sys.argv[1], other))
        finally:
            engine.close()
    ratios = sorted(one[0] / other[0] for one, other in zip(ours[1:], theirs[1:], strict=True))
    ratio = statistics.median(ratios)
    (ours_s, ours_cpu_s), (theirs_s, theirs_cpu_s) = (
        map(statistics.median, zip(*each[1:], strict=True)) for each in (ours, theirs)
    )
    print(f"wall_time_against_mini_swe_agent {ratio:.2f} {LIMIT} {'ok' if ratio <= LIMIT else 'over'}")
    rounds = " ".join(f"{one:.2f}" for one in ratios)
    print(f"  Orion {ours_s:.2f} s, mini-swe-agent {theirs_s:.2f} s, {len(COMMANDS)} commands", file=sys.stderr)
    print(f"  processor time: {ours_cpu_s:.2f} s and {theirs_cpu_s:.2f} s", file=sys.stderr)
    print(f"  the rounds' ratios: {rounds}", file=sys.stderr)
    return 0 if ratio <= LIMIT else 1


def _home(home: Path) -> Path:
    """A home whose model runs the commands and says that it is done."""
    home.mkdir(mode=0o700)
    calls = [("run", {"command": command}) for command in COMMANDS]
    calls.append(("finish", {"summary": "done", "confidence": 0.95}))
    lines: list[dict[str, object]] = [{"format": "orion-replay/1", "about": "written by hand for a comparison"}]
    for turn, (name, arguments) in enumerate(calls, 1):
        reply = {"text": "next", "calls": [{"name": name, "arguments": arguments}]}
        lines.append({"purpose": "act", "task": "mend", "turn": turn, "expects": None, "reply": reply})
    (home / "talk.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (home / "config.yaml").write_text("default_model: told\nmodels:\n  told: {api: replay, file: talk.jsonl}\n")
    return home


def _orion_s(engine: Engine, repository: Path) -> tuple[float, float]:
    plan = Plan("Mend adding", (Task("mend", "Mend adding"),), "a script")
    request = SessionRequest(workspace=repository, plan=plan, model="told", sandbox="docker")
    session = engine.sessions.create(engine.sessions.propose(request))
    ended: list[float] = []
    unsubscribe = engine.subscribe(
        lambda events: ended.extend(time.perf_counter() for event in events if event.kind is EventKind.SESSION_ENDED)
    )
    began, before = time.perf_counter(), _worked_s()
    engine.sessions.start(session)
    state = engine.sessions.wait(session)
    engine.wait_idle()
    unsubscribe()
    if state.counts()["kept"] != 1:
        sys.exit(f"Orion did not keep the task: {state.reason} {state.tasks['mend'].reason}")
    return ended[-1] - began, _worked_s() - before


def _worked_s() -> float:
    """Processor seconds of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _mini_s(python: str, repository: Path) -> tuple[float, float]:
    given = {"commands": COMMANDS, "repository": str(repository), "image": own_image(shipped("docker"))}
    done = subprocess.run([python, "-c", _MINI, json.dumps(given)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr[-2_000:], file=sys.stderr)
        sys.exit(2)
    wall_s, worked_s = map(float, done.stdout.strip().splitlines()[-1].split())
    return wall_s, worked_s


def _repository(root: Path) -> Path:
    root.mkdir(parents=True)
    for name, text in FILES.items():
        (root / name).write_text(text)
    identity = ("-c", "user.name=Bench", "-c", "user.email=bench@example.org")
    for arguments in (("init", "-q", "-b", "main"), ("add", "-A"), (*identity, "commit", "-q", "-m", "base")):
        subprocess.run(["git", "-C", str(root), *arguments], check=True)
    return root


if __name__ == "__main__":
    sys.exit(main())
