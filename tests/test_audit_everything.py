"""Every call of the engine that decides, lets in, changes or hands out something stands in the audit log: the calls are
enumerated, so that a new one cannot be forgotten."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyotp
import pytest

from engine.build import build
from engine.engine import Engine
from engine.facade.approvals import Approvals
from engine.facade.audit import Audit
from engine.facade.auth import Auth
from engine.facade.doctor import Doctor
from engine.facade.feedback import FeedbackFace
from engine.facade.first_run import Setup
from engine.facade.models import Models
from engine.facade.nouns import Playbooks
from engine.facade.reviews import Reviews
from engine.facade.roles import Roles
from engine.facade.scanning import Scan
from engine.facade.sessions import Sessions
from engine.facade.settings import SettingsFace
from engine.vocabulary.audit import AuditEntry
from engine.vocabulary.changes import ReviewNote
from engine.vocabulary.errors import AuthError
from engine.vocabulary.sessions import Limits
from tests.support.access import PIN, WRONG, SetClock, second_factor
from tests.support.recordings import acts, begun, call, done, plan, record, task
from tests.support.sessions import TIMEOUT_S, playbook, resumed, worked

pytestmark = [pytest.mark.mock_llm, pytest.mark.sandbox, pytest.mark.e2e]

NOUNS: dict[str, type] = {
    "approvals": Approvals,
    "audit": Audit,
    "auth": Auth,
    "doctor": Doctor,
    "feedback": FeedbackFace,
    "models": Models,
    "playbooks": Playbooks,
    "review": Reviews,
    "roles": Roles,
    "scan": Scan,
    "sessions": Sessions,
    "settings": SettingsFace,
    "setup": Setup,
}

# What each call leaves in the log; every one of them is made below.
WRITES: dict[str, set[str]] = {
    "approvals.approve": {"decided"},
    "approvals.deny": {"decided"},
    "audit.begin_chain": {"authenticated", "audit_chain_begun", "chain_begun"},
    "audit.export": {"taken_out"},
    "auth.begin_reset": {"authentication_changed"},
    "auth.confirm_totp": {"authenticated", "authentication_changed"},
    "auth.finish_reset": {"authentication_changed", "rejected"},
    "auth.offer_totp": {"authenticated", "authentication_changed"},
    "auth.set_pin": {"authentication_changed"},
    "auth.verify": {"authenticated"},
    "feedback.reset": {"setting_changed"},
    "models.forget_key": {"key_changed"},
    "models.store_key": {"key_changed"},
    "review.check": {"selection_checked"},
    "review.check_out": {"taken_out"},
    "review.complete": {"completed"},
    "review.drop_note": {"review_noted"},
    "review.export": {"taken_out"},
    "review.keep_note": {"review_noted"},
    "review.look": {"looked"},
    "review.promote": {"authenticated", "promoting", "promoted"},
    "review.rebase": {"plan_made"},
    "review.reject": {"rejected"},
    "review.revise": {"plan_made"},
    "review.undo": {"authenticated", "promotion_undone"},
    "roles.create": {"authenticated", "role_changed"},
    "roles.delete": {"authenticated", "role_changed"},
    "roles.edit": {"authenticated", "role_changed"},
    "roles.save": {"authenticated", "role_changed"},
    "roles.trust": {"authenticated", "role_changed"},
    "roles.untrust": {"role_changed"},
    "scan.allow": {"authenticated", "setting_changed"},
    "scan.disallow": {"authenticated", "setting_changed"},
    "sessions.cancel": {"session_ended"},
    "sessions.create": {"session_created", "plan_made"},
    "sessions.edit_plan": {"plan_made"},
    "sessions.record": {"taken_out"},
    "sessions.resume": {"session_started", "session_ended"},
    "sessions.rollback": {"rolled_back"},
    "sessions.set_limits": {"limits_set"},
    "sessions.start": {"session_started", "gate", "parked", "checkpoint", "session_ended"},
    "sessions.steer": {"steered"},
    "settings.save": {"authenticated", "setting_changed"},
    "settings.write": {"setting_changed"},
    "setup.choose_role": {"setting_changed"},
    "setup.finish": {"first_run"},
    "setup.leave": {"first_run"},
}
# Calls that end in one of those above, that a runner answers with its own facts, or that put in order what a kill left.
INDIRECT = {"sessions.pause", "review.settle"}


def public() -> set[str]:
    found = set()
    for noun, face in NOUNS.items():
        for name, member in inspect.getmembers(face):
            if not name.startswith("_") and callable(member):
                found.add(f"{noun}.{name}")
    return found


READS = """
approvals.get approvals.list audit.entries audit.seal audit.verify audit.watch auth.end_windows auth.status
auth.voided_by_reset auth.windows doctor.memory doctor.report doctor.self_test feedback.records models.check
models.doctor models.get models.list playbooks.find playbooks.list playbooks.load_brief playbooks.load_plan
review.branches review.changes review.check_export review.conflict review.diff review.diff_pieces review.hunks
review.kept_branch review.report review.undo_preview roles.check roles.deletable roles.draft roles.edited
roles.entries_of roles.entry roles.free roles.get roles.list roles.phrases roles.preview roles.since_trusted
roles.stamp roles.test roles.text roles.thresholds roles.typical roles.validate roles.value_of roles.with_words
scan.allow_list scan.allow_list_path scan.commits scan.files scan.guard scan.redact scan.secrets scan.staged
scan.stream sessions.checkpoints sessions.events sessions.explain sessions.follow sessions.get sessions.list
sessions.live_text sessions.output sessions.propose sessions.resolve sessions.runner sessions.take_in
sessions.task_diff sessions.wait settings.get settings.path settings.preview settings.read settings.stamp
settings.text settings.toolchains settings.weakens settings.with_value settings.with_words setup.dry_run setup.is_new
setup.standing setup.suggestion
""".split()  # noqa: SIM905 - a table


def test_every_call_of_the_engine_is_known_to_write_to_the_log_or_to_change_nothing() -> None:
    assert public() == {*WRITES, *INDIRECT, *READS}


class Watched:
    """An engine whose log is looked at around each call."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.seen: set[str] = set()
        self.last: list[AuditEntry] = []

    def entries(self) -> list[AuditEntry]:
        return list(self.engine.audit.entries())

    @contextmanager
    def writes(self, call: str) -> Iterator[None]:
        before = len(self.entries())
        yield
        self.last = self.entries()[before:]
        found = {entry.record.event for entry in self.last}
        assert found >= WRITES[call], f"{call} left {found}"
        by = {entry.record.event: entry.record.actor for entry in self.last}
        ours = WRITES[call] - {"session_started", "session_ended", "gate", "parked", "checkpoint"}
        assert {by[event] for event in ours} <= {"user"}, f"{call} is not said to be the user's: {by}"
        self.seen.add(call)

    def passed(self) -> list[bool]:
        return [e.record.details["passed"] for e in self.last if e.record.event == "authenticated"]


ROLE = """name: helper
display_name: Helper
description: Helps
competencies: [helping]
authority: {autonomous: [code.read], requires_approval: [code.write], forbidden: [deploy]}
"""


@pytest.fixture
def watched(home: Path, repository: Path, git: Callable[..., str]) -> Iterator[Watched]:
    (repository / ".orion" / "roles").mkdir(parents=True)
    (repository / ".orion" / "roles" / "helper.yaml").write_text(ROLE)
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "a role")
    ask = call("ask", question="Tabs or spaces?", options=["tabs", "spaces"])
    write = [call("write", path="src/x.py", content="X = 1\n")]
    record(
        home,
        plan(task("t", checks=["true"]), task("u"), task("v")),
        *acts("t", write, [done()]),
        *acts("u", [ask], [done()]),
        *acts("v", [ask], [done()]),
    )
    engine = build(home)
    vars(engine._core.adapters)["authenticator"] = second_factor(home, SetClock())
    yield Watched(engine)
    engine.close()


def test_whatever_decides_lets_in_changes_or_hands_out_stands_in_the_log(
    watched: Watched, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    engine, writes = watched.engine, watched.writes
    _authentication(watched)
    _settings_and_keys(watched)
    _roles(watched, repository)

    with writes("sessions.create"):
        session = begun(engine, repository)
    with writes("sessions.steer"):
        engine.sessions.steer(session, "Keep it short")
    with writes("sessions.set_limits"):
        engine.sessions.set_limits(session, Limits(time_s=900))
    with writes("sessions.edit_plan"):
        engine.sessions.edit_plan(session, engine.sessions.get(session).plan)  # type: ignore[arg-type]
    with writes("sessions.start"):
        engine.sessions.start(session)
        engine.sessions.wait(session, TIMEOUT_S)
    first, second = engine.approvals.list()
    with writes("approvals.approve"):
        engine.approvals.approve(first.id, answer="spaces")
    with writes("approvals.deny"):
        engine.approvals.deny(second.id, "not now")
    with writes("sessions.resume"):
        resumed(engine, session)
    with writes("sessions.record"):
        engine.sessions.record(session, tmp_path / "talk.jsonl")
    with writes("review.export"):
        engine.review.export(session, tmp_path / "session.zip")
    with writes("review.check_out"):
        engine.review.check_out(session, tmp_path / "files")
    with writes("review.look"), engine.review.look(session) as look:
        look.run("true")
    with writes("review.check"):
        engine.review.check(session, again=True)
    with writes("review.promote"):
        with pytest.raises(AuthError):
            engine.review.promote(session, secret=WRONG)
        engine.review.promote(session, secret=PIN)
    assert watched.passed() == [False, True]
    with writes("review.undo"):
        engine.review.undo(session, secret=PIN)
    with writes("review.keep_note"):
        engine.review.keep_note(session, ReviewNote("src/x.py", "call it y"))
    with writes("review.drop_note"):
        engine.review.drop_note(session, ReviewNote("src/x.py", "call it y"))
    with writes("review.revise"):
        engine.review.revise(session, [ReviewNote("src/x.py", "call it y")])
    (repository / "src" / "x.py").write_text("X = 2\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "mine")
    with writes("review.rebase"):
        engine.review.rebase(session)
    with writes("sessions.rollback"):
        engine.sessions.rollback(session, 1)
    with writes("sessions.cancel"):
        engine.sessions.cancel(session)
    other = begun(engine, repository)
    with writes("review.reject"):
        engine.review.reject(other, "not wanted")

    idle = worked(engine, repository, playbook(tmp_path, {"id": "nothing"}))
    with writes("review.complete"):
        engine.review.complete(idle.id)

    with writes("audit.export"):
        engine.audit.export(tmp_path / "audit.log")
    engine._core.adapters.authenticator.keychain().delete("audit-key")
    with writes("audit.begin_chain"):
        assert engine.audit.begin_chain(PIN).valid
    _reset(watched, begun(engine, repository))
    assert watched.seen == set(WRITES)
    assert engine.audit.verify().valid
    kept = b"".join(path.read_bytes() for path in (engine.home / "audit").iterdir())
    assert not [secret for secret in (PIN, WRONG, "sk-canary", "739162") if secret.encode() in kept]


def _authentication(watched: Watched) -> None:
    auth, writes = watched.engine.auth, watched.writes
    with writes("auth.set_pin"):
        auth.set_pin(PIN)
    with writes("auth.verify"):
        with pytest.raises(AuthError):
            auth.verify(WRONG)
        auth.verify(PIN)
    assert watched.passed() == [False, True]
    with writes("auth.offer_totp"):
        with pytest.raises(AuthError):
            auth.offer_totp(WRONG)
        offer = auth.offer_totp(PIN)
    assert watched.passed() == [False, True]
    moment = SetClock().now()
    with writes("auth.confirm_totp"):
        with pytest.raises(AuthError):
            auth.confirm_totp("12345")
        codes = auth.confirm_totp(pyotp.TOTP(offer.secret).at(moment))
    assert watched.passed() == [False, True]
    with writes("auth.set_pin"):
        auth.set_pin(PIN, codes[0])
    assert [e.record.details["why"] for e in watched.last if "why" in e.record.details] == ["switched"]


def _reset(watched: Watched, waiting: str) -> None:
    auth, writes = watched.engine.auth, watched.writes
    with writes("auth.begin_reset"):
        auth.begin_reset()
    watched.engine._core.adapters.authenticator._clock.seconds += 90_000  # type: ignore[attr-defined]
    with writes("auth.finish_reset"):
        auth.finish_reset()
    assert waiting in {entry.record.session for entry in watched.last}


def _settings_and_keys(watched: Watched) -> None:
    engine, writes = watched.engine, watched.writes
    with writes("settings.write"):
        engine.settings.write("limits.time_s", "3600")
    with writes("settings.save"):
        text = engine.settings.with_value("auth.window_s", "60")
        with pytest.raises(AuthError):
            engine.settings.save(text, secret=WRONG)
        engine.settings.save(text, secret=PIN)
    assert watched.passed() == [False, True]
    engine.settings.write("auth.window_s", "0")
    engine.settings.write("models.live", "{api: anthropic, model: x, keychain: live}")
    with writes("models.store_key"):
        engine.models.store_key("live", "sk-canary-1")
    with writes("models.forget_key"):
        engine.models.forget_key("live")
    with writes("scan.allow"):
        with pytest.raises(AuthError):
            engine.scan.allow("a test's", WRONG, pattern="sk-canary-[0-9]")
        engine.scan.allow("a test's", PIN, pattern="sk-canary-[0-9]")
    assert "sk-canary" not in json.dumps([dict(entry.record.details) for entry in watched.last])
    with writes("scan.disallow"):
        engine.scan.disallow(1, PIN)
    with writes("feedback.reset"):
        engine.feedback.reset()
    with writes("setup.leave"):
        engine.setup.leave("role")
    with writes("setup.finish"):
        engine.setup.finish()


def _roles(watched: Watched, repository: Path) -> None:
    engine, writes = watched.engine, watched.writes
    with writes("setup.choose_role"):
        engine.setup.choose_role("qa-engineer", repository)
    engine.setup.choose_role("software-engineer", repository)
    with writes("roles.create"):
        with pytest.raises(AuthError):
            engine.roles.create("mine", secret=WRONG, base="qa-engineer")
        engine.roles.create("mine", secret=PIN, base="qa-engineer")
    assert watched.passed() == [False, True]
    with writes("roles.edit"):
        engine.roles.edit("mine", "description", "Another", secret=PIN)
    with writes("roles.save"):
        made = engine.roles.text("mine")
        engine.roles.save("mine", made.text + "\n# a comment\n", secret=PIN, expected=made.content)
    with writes("roles.delete"):
        engine.roles.delete("mine", secret=PIN)
    with writes("roles.trust"):
        engine.roles.trust("helper", repository, secret=PIN)
    with writes("roles.untrust"):
        engine.roles.untrust("helper", repository)
