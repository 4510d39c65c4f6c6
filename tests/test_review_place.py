"""What review and promotion say about the place: where it moved, its filters, a role that is gone or was changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from engine.engine import Engine
from engine.review.finding import make_finding
from engine.review.findings import accept
from engine.vocabulary.changes import Finding, FindingKind, PromoteAs, Severity
from engine.vocabulary.errors import RoleError
from tests.support.cli import Orion
from tests.support.sessions import PIN, playbook, worked

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]
STEPS = [
    {"write": {"path": "docs/note.md", "content": "# A note\n"}},
    {"edit": {"path": "README.md", "find": "# Sample", "replace": "# Better"}},
]
TASK = {"id": "note", "steps": STEPS}


@pytest.fixture
def session(engine: Engine, repository: Path, tmp_path: Path) -> str:
    engine.auth.set_pin(PIN)
    return worked(engine, repository, playbook(tmp_path, TASK)).id


def drift(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.severity.value, finding.path) for finding in findings if finding.kind is FindingKind.DRIFT]


def test_what_moved_since_is_a_finding_and_the_same_file_a_graver_one(
    engine: Engine, repository: Path, session: str, git: Callable[..., str]
) -> None:
    assert drift(engine.review.report(session).findings) == []
    (repository / "src" / "app.py").write_text("# later\n")
    git(repository, "commit", "-qam", "later")
    (repository / "scratch.txt").write_text("uncommitted\n")
    found = engine.review.report(session).findings
    assert drift(found) == [("info", "")]
    message = next(finding.message for finding in found if finding.kind is FindingKind.DRIFT)
    assert message.endswith("none of this choice: scratch.txt, src/app.py")
    (repository / "README.md").write_text("# Sample\n\nText with a trailing space. \nAnd a line of mine.\n")
    git(repository, "commit", "-qm", "mine", "--", "README.md")
    told: list[tuple[str, str]] = []
    done = engine.review.promote(session, secret=PIN, progress=lambda *step: told.append(step))
    assert done.promoted
    assert drift(done.findings) == [("warning", "README.md"), ("info", "")]
    assert ("drift", "moved") in told
    assert (repository / "README.md").read_text().splitlines()[0::3] == ["# Better", "And a line of mine."]


@pytest.mark.parametrize("kind", list(PromoteAs))
def test_what_this_session_itself_let_in_is_no_drift(engine: Engine, session: str, kind: PromoteAs) -> None:
    engine.review.promote(session, secret=PIN, paths=["README.md"], kind=kind)
    assert drift(engine.review.report(session).findings) == []
    engine.review.undo(session, secret=PIN)
    assert drift(engine.review.report(session).findings) == []


def test_a_filter_of_the_person_alone_stands_in_the_way(
    engine: Engine, repository: Path, session: str, git: Callable[..., str]
) -> None:
    git(repository, "config", "filter.lfs.clean", "false")
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "attributes").write_text("docs/** filter=lfs\n")
    refused = engine.review.promote(session, secret=PIN)
    assert not refused.promoted
    found = [finding for finding in refused.findings if finding.kind is FindingKind.FILTER_ATTRIBUTE]
    assert [(finding.path, finding.acceptable) for finding in found] == [("docs/note.md", False)]
    assert engine.review.promote(session, secret=PIN, paths=["README.md"]).promoted


def own_role(home: Path, **changed: object) -> Path:
    """A role of the user's own, made from a starter."""
    starter = Path(__file__).parent.parent / "roles" / "software-engineer.yaml"
    role = {**yaml.safe_load(starter.read_text()), "name": "helper", "display_name": "Helper", **changed}
    file = home / "roles" / "helper.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(role))
    return file


def test_a_role_that_is_gone_is_said_with_the_way_on_and_undo_needs_it_not(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    engine.auth.set_pin(PIN)
    file = own_role(home)
    session = worked(engine, repository, playbook(tmp_path, TASK), role="helper").id
    assert engine.review.promote(session, secret=PIN, paths=["README.md"]).promoted
    text = file.read_text()
    own_role(home, scope=["docs/**", "README.md"])
    changed = [finding for finding in engine.review.report(session).findings if "was changed since" in finding.message]
    assert [(finding.kind, finding.severity) for finding in changed] == [(FindingKind.DRIFT, Severity.WARNING)]
    file.unlink()
    for act in (lambda: engine.review.report(session), lambda: engine.review.promote(session, secret=PIN)):
        with pytest.raises(RoleError, match="worked under the role helper") as raised:
            act()
        assert "orion reject" in raised.value.hint
    orion = Orion(home, repository)
    said = orion("review", session)
    assert said.code != 0
    assert "worked under the role helper" in said.err
    assert engine.review.undo_preview(session).paths == ("README.md",)
    assert engine.review.undo(session, secret=PIN).promoted
    file.write_text(text)
    assert engine.review.promote(session, secret=PIN).promoted


def test_one_name_never_accepts_two_findings() -> None:
    kind, severity = FindingKind.PROTECTED_PATH, Severity.BLOCKING
    found = tuple(make_finding(kind, severity, f"{each}/AGENTS.md", "changed", hint="read it") for each in range(40))
    assert not any(finding.accepted for finding in accept(found, [""]))
    shared = next(char for char in "0123456789abcdef" if sum(each.id[0] == char for each in found) > 1)
    assert not any(finding.accepted for finding in accept(found, [shared]))
    for given in (found[3].id, found[3].id[:8]):
        assert [finding.id for finding in accept(found, [given]) if finding.accepted] == [found[3].id]
