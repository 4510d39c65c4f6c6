"""Engine overhead per playbook task in a repository of 10,000 files, against `git add -A && git commit` there.

A task's command writes one small file; everything else that happens for it (gates, sandbox, walk, candidate tree, fresh
checkout for the check, commit, journal) is overhead. Prints `name value limit ok/over` lines.
"""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine.build import build
from engine.vocabulary.events import EventKind
from engine.vocabulary.requests import SessionRequest

FILES = 10_000
TASKS = 12
LIMIT = 4.0


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="orion-bench-") as place:
        root = Path(place)
        repository = _repository(root / "repository")
        baseline = _git_commit_s(repository)
        for name, checks in (("engine_overhead_per_task", False), ("engine_overhead_per_task_with_check", True)):
            overhead = _per_task_s(root, repository, checks=checks)
            ratio = overhead / baseline
            state = "ok" if ratio <= LIMIT else "over"
            print(f"{name} {ratio:.2f} {LIMIT} {state}")
            print(
                f"  {overhead * 1000:.0f} ms a task; git add -A && git commit: {baseline * 1000:.0f} ms",
                file=sys.stderr,
            )


def _repository(root: Path) -> Path:
    for number in range(FILES):
        path = root / f"pkg{number // 100:03}" / f"module{number:05}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"VALUE = {number}\n" * 20)
    _git(root, "init", "-q", "-b", "main")
    _git(root, "config", "user.name", "Bench")
    _git(root, "config", "user.email", "bench@example.org")
    _git(root, "add", "-A")
    _git(root, "commit", "-q", "-m", "base")
    return root


def _git_commit_s(root: Path) -> float:
    times = []
    for number in range(7):
        (root / f"bench-{number}.txt").write_text(f"{number}\n")
        began = time.perf_counter()
        subprocess.run(f"cd '{root}' && git add -A && git commit -q -m bench", shell=True, check=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _per_task_s(root: Path, repository: Path, *, checks: bool) -> float:
    """Median time from one kept task to the next."""
    check = "    checks: [{run: 'true'}]\n" if checks else ""
    tasks = "".join(
        f"  - id: t{n}\n    title: Task {n}\n    steps: [{{run: 'echo {n} > orion-{n}.txt'}}]\n{check}"
        for n in range(TASKS)
    )
    playbook = root / "bench.yaml"
    playbook.write_text(f"name: bench\ngoal: Measure\ntasks:\n{tasks}")
    engine = build(root / "home")
    request = SessionRequest(workspace=repository, playbook=playbook, sandbox="bubblewrap")
    session = engine.sessions.create(engine.sessions.propose(request))
    ended: list[float] = []
    engine.subscribe(
        lambda events: ended.extend(time.perf_counter() for event in events if event.kind is EventKind.TASK_ENDED)
    )
    engine.sessions.start(session)
    state = engine.sessions.wait(session)
    engine.wait_idle()
    engine.close()
    if state.counts()["kept"] != TASKS:
        sys.exit(f"not all tasks were kept: {state.counts()}")
    return statistics.median(later - earlier for earlier, later in itertools.pairwise(ended))


def _git(root: Path, *args: str) -> None:
    subprocess.run(["git", "-C", str(root), *args], check=True)


if __name__ == "__main__":
    main()
