"""What a change to a manifest or a lock file does to the packages, in every ecosystem, whatever the file holds."""

from __future__ import annotations

import json
import time

import pytest

from engine.governance.dependencies import MAX_BYTES, compared, is_dependency_file

CARGO_LOCK = """[[package]]
name = "serde"
version = "1.0.1"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "aa"

[[package]]
name = "mine"
version = "0.1.0"
"""
UV_LOCK = """[[package]]
name = "idna"
version = "3.6"
source = { registry = "https://pypi.org/simple" }
sdist = { url = "https://files.pythonhosted.org/x", hash = "sha256:aa", size = 1 }
"""
POETRY_LOCK = """[[package]]
name = "idna"
version = "3.6"
files = [
    {file = "idna-3.6.tar.gz", hash = "sha256:aa"},
]
"""
YARN = """# yarn lockfile v1

left-pad@^1.0.0:
  version "1.1.0"
  resolved "https://registry.yarnpkg.com/left-pad/-/left-pad-1.1.0.tgz#abc"
  integrity sha512-aa

"@types/node@*":
  version "20.0.0"
  resolved "https://registry.yarnpkg.com/@types/node/-/node-20.0.0.tgz#def"
"""
BERRY = """__metadata:
  version: 6

"left-pad@npm:^1.0.0":
  version: 1.1.0
  resolution: "left-pad@npm:1.1.0"
  checksum: aa
  languageName: node
"""
PNPM = """lockfileVersion: '9.0'

importers:
  .:
    dependencies:
      left-pad: 1.1.0

packages:

  left-pad@1.1.0:
    resolution: {integrity: sha512-aa}

  '@types/node@20.0.0':
    resolution: {integrity: sha512-bb}

snapshots:
  left-pad@1.1.0: {}
"""
POM = """<project><properties><v>2.1</v></properties><!-- <dependency><artifactId>no</artifactId></dependency> -->
<dependencies><dependency><groupId>org.a</groupId><artifactId>b</artifactId><version>${v}</version></dependency>
</dependencies></project>"""
PROJECT = '<Project><ItemGroup><PackageReference Include="A.B" Version="1.0" /></ItemGroup></Project>'
GEMFILE_LOCK = "GEM\n  remote: https://rubygems.org/\n  specs:\n    rack (2.0.1)\n      base64 (>= 0.1)\n"
GO_MOD = "module x\n\ngo 1.22\n\nrequire (\n\texample.com/a v1.0.0\n\texample.com/b v1.0.0 // indirect\n)\n"


def lock(version: str, place: str = "https://registry.npmjs.org/a/-/a.tgz", content: str = "sha512-x") -> str:
    row = {"version": version, "resolved": place, "integrity": content}
    return json.dumps({"lockfileVersion": 3, "packages": {"": {}, "node_modules/b/node_modules/a": row}})


@pytest.mark.parametrize(
    ("path", "before", "after", "told"),
    [
        (
            "requirements.txt",
            "requests==2.31\nsix\n",
            "requests==2.32\nnew>=1\n",
            "+ new >=1|requests ==2.31 → ==2.32|- six any",
        ),
        ("requirements/dev.in", "", "a @ https://x.example/a.whl\n", "+ a from https://x.example/a.whl"),
        (
            "requirements.txt",
            "a==1\n",
            "--index-url https://evil.example\na==1\n",
            "+ --index-url from https://evil.example",
        ),
        (
            "requirements.txt",
            "a==1 \\\n  --hash=sha256:aa\n",
            "a==1 \\\n  --hash=sha256:bb\n",
            "a ==1 → ==1 with other content",
        ),
        (
            "pyproject.toml",
            '[project]\ndependencies = ["a>=1"]\n',
            (
                '[project]\ndependencies = ["a>=2"]\n[project.optional-dependencies]\nx = ["b"]\n'
                '[dependency-groups]\ndev = ["c<2"]\n'
            ),
            "a >=1 → >=2|+ b|+ c <2",
        ),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\na = "^1"\n',
            '[tool.poetry.dependencies]\na = {git = "https://x.example/a", rev = "main"}\n',
            "a ^1 → from git:https://x.example/a main",
        ),
        ("Pipfile", '[packages]\na = "*"\n', '[packages]\na = "==1"\n', "a * → ==1"),
        (
            "Pipfile.lock",
            '{"default": {"a": {"version": "==1", "hashes": ["sha256:aa"]}}}',
            '{"default": {"a": {"version": "==1", "hashes": ["sha256:bb"]}}}',
            "a ==1 → ==1 with other content",
        ),
        ("uv.lock", UV_LOCK, UV_LOCK.replace("3.6", "3.7"), "idna 3.6 → 3.7"),
        (
            "uv.lock",
            UV_LOCK,
            UV_LOCK.replace("https://pypi.org", "https://p.example"),
            "idna 3.6 → 3.6 from https://p.example/simple",
        ),
        ("poetry.lock", POETRY_LOCK, POETRY_LOCK.replace(":aa", ":bb"), "idna 3.6 → 3.6 with other content"),
        (
            "setup.cfg",
            "[options]\ninstall_requires =\n    a>=1\n",
            "[options]\ninstall_requires =\n    a>=1\n    b\n",
            "+ b",
        ),
        ("environment.yml", "dependencies:\n  - numpy=1.2\n", "dependencies:\n  - numpy=1.3\n", "numpy 1.2 → 1.3"),
        (
            "package.json",
            '{"dependencies": {"a": "^1"}}',
            '{"devDependencies": {"a": "^1", "b": "git+ssh://x/b"}}',
            "+ b from git+ssh://x/b",
        ),
        ("package.json", "{}", '{"overrides": {"a": {"b": "2"}}}', "+ override a > b 2"),
        ("package-lock.json", lock("1.0"), lock("1.1"), "a 1.0 → 1.1"),
        (
            "package-lock.json",
            lock("1.0"),
            lock("1.0", "https://evil.example/a.tgz"),
            "a 1.0 → 1.0 from https://evil.example/a.tgz",
        ),
        ("package-lock.json", lock("1.0"), lock("1.0", content="sha512-y"), "a 1.0 → 1.0 with other content"),
        ("yarn.lock", YARN, YARN.replace('"20.0.0"', '"21.0.0"'), "@types/node 20.0.0 → 21.0.0"),
        ("yarn.lock", BERRY, BERRY.replace("1.1.0", "1.2.0"), "left-pad 1.1.0 → 1.2.0"),
        (
            "pnpm-lock.yaml",
            PNPM,
            PNPM.replace("@types/node@20.0.0", "@types/node@20.1.0"),
            "@types/node 20.0.0 → 20.1.0",
        ),
        (
            "Cargo.toml",
            '[dependencies]\na = "1"\n',
            '[dependencies]\na = { version = "1", path = "../a" }\n',
            "a 1 → 1 from path:../a",
        ),
        ("Cargo.toml", "", '[target."cfg(unix)".dependencies]\nnix = "0.2"\n', "+ nix 0.2"),
        ("Cargo.lock", CARGO_LOCK, CARGO_LOCK.replace("1.0.1", "1.0.2").replace('"aa"', '"bb"'), "serde 1.0.1 → 1.0.2"),
        ("Cargo.lock", CARGO_LOCK, CARGO_LOCK.replace('"aa"', '"bb"'), "serde 1.0.1 → 1.0.1 with other content"),
        ("go.mod", GO_MOD, GO_MOD.replace("a v1.0.0", "a v1.1.0"), "example.com/a v1.0.0 → v1.1.0"),
        ("go.mod", GO_MOD, GO_MOD + "replace example.com/a => ../a\n", "+ replace example.com/a from ../a"),
        ("go.sum", "a v1 h1:x=\n", "a v1 h1:x=\na v2 h1:y=\n", "a v1 → v1, v2"),
        (
            "Gemfile",
            'gem "rack", "~> 2"\n',
            'gem "rack", "~> 3"\ngem "x", git: "https://x.example/x"\n',
            "rack ~> 2 → ~> 3|+ x from https://x.example/x",
        ),
        ("Gemfile.lock", GEMFILE_LOCK, GEMFILE_LOCK.replace("2.0.1", "2.0.2"), "rack 2.0.1 → 2.0.2"),
        ("composer.json", '{"require": {"a/b": "^1"}}', '{"require": {"a/b": "^2"}}', "a/b ^1 → ^2"),
        ("composer.lock", '{"packages": [{"name": "a/b", "version": "1"}]}', '{"packages": []}', "- a/b 1"),
        ("src/App.csproj", PROJECT, PROJECT.replace("1.0", "1.1"), "A.B 1.0 → 1.1"),
        (
            "Directory.Packages.props",
            "",
            '<P><I><PackageVersion Include="C"><Version>2</Version></PackageVersion></I></P>',
            "+ C 2",
        ),
        (
            "packages.lock.json",
            "{}",
            '{"dependencies": {"net8": {"A": {"resolved": "1.0", "contentHash": "x"}}}}',
            "+ A 1.0",
        ),
        ("pom.xml", POM, POM.replace("2.1", "2.2"), "org.a:b 2.1 → 2.2"),
        ("build.gradle", "implementation 'a.b:c:1.0'\n", "implementation 'a.b:c:1.1'\n", "a.b:c 1.0 → 1.1"),
        ("gradle.lockfile", "a.b:c:1.0=x\n", "a.b:c:1.1=x\n", "a.b:c 1.0 → 1.1"),
        (
            "gradle/libs.versions.toml",
            '[versions]\nk = "1"\n[libraries]\nk = { module = "a:b", version.ref = "k" }\n',
            '[versions]\nk = "2"\n[libraries]\nk = { module = "a:b", version.ref = "k" }\n',
            "a:b 1 → 2",
        ),
    ],
)
def test_each_package_is_named_with_from_and_to(path: str, before: str, after: str, told: str) -> None:
    found = compared(path, before.encode(), after.encode())
    assert found is not None
    assert "|".join(map(str, found.packages)) == told
    assert found.grave == ("from " in told or "other content" in told)
    back = compared(path, after.encode(), before.encode())
    assert back is not None
    assert {change.name for change in back.packages} == {change.name for change in found.packages}


def test_a_change_that_moves_no_package_is_none() -> None:
    assert compared("package.json", b'{"name": "a"}', b'{"name": "b"}') is None
    assert compared("src/app.py", b"a", b"b") is None
    assert not is_dependency_file("src/app.py")


def test_a_long_list_is_cut_with_the_gravest_first() -> None:
    after = "".join(f"p{number}==1\n" for number in range(20)) + "zz @ https://evil.example/z.whl\n"
    found = compared("requirements.txt", b"", after.encode())
    assert found is not None
    assert found.sentence().startswith("dependencies changed: + zz from https://evil.example/z.whl, + p0 ==1")
    assert found.sentence().endswith("and 15 more")


@pytest.mark.parametrize("path", ["package.json", "package-lock.json", "pyproject.toml", "Cargo.toml", "composer.lock"])
@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"dependencies": [1], "packages": 3}', "[" * 100_000, "\x00\xff", "a = "]
)
def test_what_cannot_be_read_says_so_or_is_read_and_never_breaks(path: str, text: str) -> None:
    found = compared(path, b"", text.encode("latin-1"))
    assert found is None or found.sentence()


def test_a_lock_file_that_is_too_large_says_so() -> None:
    found = compared("yarn.lock", b"", b"x" * (MAX_BYTES + 1))
    assert found is not None
    assert found.grave
    assert "too large" in found.sentence()


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        "requirements.txt",
        "Cargo.lock",
        "yarn.lock",
        "pnpm-lock.yaml",
        "go.mod",
        "pom.xml",
        "a.csproj",
        "build.gradle",
        "Gemfile",
        "Gemfile.lock",
        "setup.cfg",
        "environment.yml",
    ],
)
@pytest.mark.parametrize(
    "piece",
    [
        "<dependency>",
        "<!--",
        "<a ",
        "a",
        " ",
        "require (\n",
        "'a:b",
        '"a"@',
        "\n  a@b",
        "\n[[package]]\n",
        "--hash=",
        "gem 'a', ",
        "\n[package.source]",
        "\n install_requires =\n",
        "\n  - a",
        "@",
        "{",
        "a = [",
        "\t",
        "url 'a",
    ],
)
def test_no_text_makes_the_reading_slow(path: str, piece: str) -> None:
    text = (piece * (500_000 // len(piece))).encode()
    began = time.process_time()
    compared(path, b"", text)
    assert time.process_time() - began < 3.0
