"""`config.yaml`: read as written, refused with line, field and the right name."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.storage.settings import example_settings, read_settings
from engine.vocabulary.errors import ConfigError, Problem
from engine.vocabulary.models import Price
from engine.vocabulary.sessions import Limits
from engine.vocabulary.settings import ModelSettings, SandboxSettings, Settings

FULL = """\
default_model: local
models:
  local:
    api: openai
    base_url: http://127.0.0.1:8080/v1
    model: qwen3-coder
    api_key_env: LOCAL_KEY
    context_tokens: 65536
    max_output_tokens: 4096
    timeout_s: 60
    price_per_mtok: {input: 1, output: 2.5, cached_input: 0.1, cache_write: 1.25}
  cloud: {api: anthropic, model: claude, keychain: orion-claude}
  tape: {api: replay, file: tapes/tidy.jsonl}
default_role: technical-writer
sandbox: {prefer: bubblewrap, image: null, toolchains: [/opt/node, "/a/my tools"], memory_mib: 1024, cpus: 1, pids: 64}
limits: {time_s: 600, cost_usd: 0}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, "utf-8")
    return path


def problems(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        read_settings(written(folder, text))
    assert caught.value.path == str(folder / "config.yaml")
    assert caught.value.problems
    return caught.value.problems


def test_everything_that_can_be_said_is_read(tmp_path: Path) -> None:
    assert read_settings(written(tmp_path, FULL)) == Settings(
        default_model="local",
        models={
            "local": ModelSettings(
                name="local",
                api="openai",
                model="qwen3-coder",
                base_url="http://127.0.0.1:8080/v1",
                api_key_env="LOCAL_KEY",
                context_tokens=65536,
                max_output_tokens=4096,
                timeout_s=60,
                price=Price(1, 2.5, 0.1, 1.25),
            ),
            "cloud": ModelSettings(name="cloud", api="anthropic", model="claude", keychain="orion-claude"),
            "tape": ModelSettings(name="tape", api="replay", file="tapes/tidy.jsonl"),
        },
        default_role="technical-writer",
        sandbox=SandboxSettings("bubblewrap", None, ("/opt/node", "/a/my tools"), 1024, 1, 64),
        limits=Limits(600.0, 0.0),
    )


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet\n  # default_role: x\n"])
def test_a_file_that_says_nothing_means_the_defaults(tmp_path: Path, text: str) -> None:
    assert read_settings(written(tmp_path, text)) == Settings()
    assert read_settings(tmp_path / "missing.yaml") == Settings()


def test_the_example_reads_as_the_defaults(tmp_path: Path) -> None:
    assert read_settings(written(tmp_path, example_settings())) == Settings()


def test_the_example_with_every_comment_opened_is_valid_too(tmp_path: Path) -> None:
    lines = []
    for line in example_settings().splitlines():
        body = line.lstrip(" ")
        opened = body.removeprefix("# ") if ":" in body and not body[2:3].isupper() else body
        lines.append(line[: len(line) - len(body)] + opened)
    settings = read_settings(written(tmp_path, "\n".join(lines)))
    assert settings.default_model == "local"
    assert {model.api for model in settings.models.values()} == {"openai", "anthropic", "replay"}
    assert settings.sandbox.toolchains


def test_toolchains_that_are_empty_differ_from_none_said(tmp_path: Path) -> None:
    assert read_settings(written(tmp_path, "sandbox: {toolchains: []}")).sandbox.toolchains == ()
    assert read_settings(written(tmp_path, "sandbox: {pids: 64}")).sandbox.toolchains is None


def test_an_unknown_field_is_named_with_its_line_and_the_nearest_right_one(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "default_role: qa-engineer\nsandbox:\n  memory_mb: 512\n")
    assert (problem.line, problem.field) == (3, "sandbox.memory_mb")
    assert "memory_mib" in problem.hint


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("default_model: nope\n", "default_model"),
        ("models: {a: {api: gopher, model: x}}\n", "models.a.api"),
        ("models: {a: {model: x}}\n", "models.a.api"),
        ("models: {a: {api: anthropic}}\n", "models.a"),
        ("models: {a: {api: openai, model: x}}\n", "models.a"),
        ("models: {a: {api: replay}}\n", "models.a"),
        ("models: {a: {api: replay, file: f, model: x}}\n", "models.a.model"),
        ("models: {a: {api: anthropic, model: x, file: f}}\n", "models.a.file"),
        ("models: {a: {api: anthropic, model: x, timeout_s: 0}}\n", "models.a.timeout_s"),
        ("models: {a: {api: anthropic, model: x, max_output_tokens: 40000}}\n", "models.a.max_output_tokens"),
        ("models: {a: {api: anthropic, model: x, price_per_mtok: {cache: 1}}}\n", "models.a.price_per_mtok.cache"),
        ("models: {a: {api: anthropic, model: x, api_key_env: K, keychain: k}}\n", "models.a.keychain"),
        ("models: {a: {api: openai, model: x, base_url: ftp://x}}\n", "models.a.base_url"),
        ("models: {a: {api: openai, model: x, api_key: sk-1}}\n", "models.a.api_key"),
        ("models: {a: {api: anthropic, model: x, price_per_mtok: {input: -1}}}\n", "models.a.price_per_mtok.input"),
        ("sandbox: {prefer: chroot}\n", "sandbox.prefer"),
        ("sandbox: {memory_mib: lots}\n", "sandbox.memory_mib"),
        ("sandbox: {toolchains: [relative/dir]}\n", "sandbox.toolchains[0]"),
        ("sandbox: {toolchains: [/opt, /opt/../etc]}\n", "sandbox.toolchains[1]"),
        ("limits: {time_s: 0}\n", "limits.time_s"),
        ("limits: {cost_usd: .inf}\n", "limits.cost_usd"),
        ("default_role: Not A Role\n", "default_role"),
    ],
)
def test_a_fault_is_found_where_it_stands(tmp_path: Path, text: str, field: str) -> None:
    found = problems(tmp_path, "# first line\n" + text)
    assert [(problem.field, problem.line) for problem in found] == [(field, 2)]


def test_a_key_that_was_written_into_the_file_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings(written(tmp_path, "models: {a: {api: openai, model: x, base_url: 'https://me:hunter2@x/v1'}}"))
    assert "hunter2" not in caught.value.message + str(caught.value.problems)


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"a: [", b"- a\n- b\n", b"a: 1\na: 2\n", b"default_role: &x y\n"])
def test_a_file_that_is_no_configuration_gets_a_configuration_error(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError):
        read_settings(path)


def test_a_folder_in_its_place_is_an_error_and_not_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").mkdir()
    with pytest.raises(ConfigError):
        read_settings(tmp_path / "config.yaml")
