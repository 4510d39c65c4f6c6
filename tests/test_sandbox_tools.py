"""Ordinary tool chains run in the sandbox, filter, limits and all. Each is tried where it is on this machine."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from engine.sandboxes.bubblewrap import BubblewrapProvider
from engine.vocabulary.ports import SandboxProvider
from tests.support.sandboxes import a_box

pytestmark = pytest.mark.sandbox

_GO = (
    'package main\nimport ("fmt"; "os/exec")\n'
    'func main() {{ out, _ := exec.Command("echo", "{said}").Output(); fmt.Print(string(out)) }}'
)
_RUST = 'fn main() {{ std::thread::spawn(|| println!("{said}")).join().unwrap(); }}'
_JAVA = 'public class A {{ public static void main(String[] a) {{ System.out.println("{said}"); }} }}'
_NODE = (
    "const {{ Worker }} = require('worker_threads');"
    "require('fs').readFile('/etc/passwd', () => new Worker(`console.log('{said}')`, {{ eval: true }}))"
)
_THREADS = (
    "import multiprocessing.pool, subprocess\n"
    "multiprocessing.pool.ThreadPool(4).map(print, [subprocess.getoutput('echo {said}')])"
)
_COMMIT = "git -c user.name=a -c user.email=a@b commit -qm {said}"
_MAKE = "all:\n\t@echo 'int main(){{}}' > a.c; gcc a.c && ./a.out && echo {said}\n"
# The program that must be there, a file and what is written to it, the command.
_TOOLS: dict[str, tuple[str, tuple[str, str], str]] = {
    "git": ("git", ("a", ""), f"git init -q . && git add a && {_COMMIT} && git log --format=%s"),
    "python": ("/usr/bin/python3", ("a.py", _THREADS), "python3 a.py"),
    "a virtual environment": (
        "/usr/bin/python3",
        ("a", ""),
        "python3 -m venv --without-pip v && v/bin/python -c 'print(\"{said}\")'",
    ),
    "pip": ("/usr/bin/pip3", ("a", ""), "pip3 --version | grep -q pip && echo {said}"),
    "node": ("/usr/bin/node", ("a.js", _NODE), "node a.js"),
    "npm": ("/usr/bin/npm", ("package.json", '{{"scripts": {{"hello": "echo {said}"}}}}'), "npm run --silent hello"),
    "go": ("/usr/bin/go", ("a.go", _GO), "go run a.go"),
    "java": ("/usr/bin/javac", ("A.java", _JAVA), "javac A.java && java A"),
    "gcc and make": ("/usr/bin/gcc", ("Makefile", _MAKE), "make"),
    "perl": ("/usr/bin/perl", ("a", ""), "perl -e 'print \"{said}\\n\"'"),
    "a shell's pipes and background jobs": ("/bin/sh", ("a", ""), "(sleep 0 & wait); echo {said} | cat | tee b | sort"),
    "tar and gzip": ("/usr/bin/gzip", ("a", "{said}"), "tar czf a.tgz a && tar xzOf a.tgz"),
}


@cache
def _bubblewrap() -> SandboxProvider | None:
    provider = BubblewrapProvider()
    return provider if provider.probe().available else None


@pytest.mark.parametrize("tool", _TOOLS)
def test_a_tool_chain_runs(tool: str) -> None:
    program, (name, text), command = _TOOLS[tool]
    provider = _bubblewrap()
    if provider is None or shutil.which(program) is None:
        pytest.skip(f"there is no {program} on this machine")
    said = f"from-{tool.replace(' ', '-').replace(chr(39), '')}"
    with a_box(provider, memory_mib=2048) as box:
        (box.tree / name).write_text(text.format(said=said))
        result = box.run(command.format(said=said), timeout_s=120)
    assert (result.exit, said.encode() in result.output) == (0, True), result


def test_cargo_builds_and_tests() -> None:
    provider, cargo = _bubblewrap(), shutil.which("cargo")
    home = {**os.environ, "HOME": pwd.getpwuid(os.getuid()).pw_dir}  # where rustup keeps what it installed
    asked = ["rustc", "--print", "sysroot"]
    found = subprocess.run(asked, capture_output=True, text=True, env=home, check=False) if cargo else None
    if provider is None or found is None or found.returncode != 0:
        pytest.skip("there is no cargo on this machine")
    chain = Path(found.stdout.strip())
    with a_box(provider, memory_mib=2048, toolchains=(chain,)) as box:
        (box.tree / "src").mkdir()
        (box.tree / "src").chmod(0o777)
        (box.tree / "Cargo.toml").write_text('[package]\nname = "a"\nversion = "0.1.0"\nedition = "2021"\n')
        (box.tree / "src/main.rs").write_text(_RUST.format(said="from-cargo") + "#[test] fn holds() { assert!(true); }")
        result = box.run("cargo run -q --offline && cargo test -q --offline", timeout_s=180)
    assert (result.exit, b"from-cargo" in result.output) == (0, True), result
