"""A log whose key is gone, or that was cut or changed, goes on with a new chain that says how it found the old one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from engine.build import build
from engine.storage.audit_log import AuditLog
from engine.storage.audit_outbox import AuditOutbox
from engine.vocabulary.audit import AuditHead
from engine.vocabulary.errors import AuditError, AuthError
from engine.vocabulary.events import EventKind
from tests.support.access import MemoryKeychain
from tests.support.audit import Ground
from tests.support.cli import Orion

PIN, WRONG, AT = "482915", "906274", "2026-11-22T03:00:00.000+00:00"


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = Ground(tmp_path)
    made.happen(*[EventKind.GATE] * 6)
    made.outbox().seal()
    return made


def lose_the_key(ground: Ground) -> None:
    ground.keychain.delete("audit-key")


def lose_the_keychain(ground: Ground) -> None:
    ground.keychain.entries.clear()


def cut_the_end(ground: Ground) -> None:
    path = ground.folder / "audit.log"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:4]))


def change_an_entry(ground: Ground) -> None:
    path = ground.folder / "audit.log"
    path.write_bytes(path.read_bytes().replace(b'{"n":3,', b'{"n":9,'))


def ruin_the_end(ground: Ground) -> None:
    path = ground.folder / "audit.log"
    path.write_bytes(path.read_bytes()[:-40] + b"nothing of a line\n")


def remove_the_log(ground: Ground) -> None:
    shutil.rmtree(ground.folder)


def ruin_the_head(ground: Ground) -> None:
    (ground.folder / "head.json").write_bytes(b"{")


def put_back_an_older_journal(ground: Ground) -> None:
    other = Ground(ground.folder.parent / "older")
    other.happen(EventKind.ROLE_CHANGED)
    ground.journal = other.journal


TROUBLES: list[tuple[Callable[[Ground], None], int, int]] = [
    (lose_the_key, 6, 0),
    (lose_the_keychain, 6, 0),
    (cut_the_end, 4, 4),
    (change_an_entry, 6, 2),
    (ruin_the_end, 6, 5),
    (remove_the_log, 0, 0),
    (ruin_the_head, 6, 0),
    (put_back_an_older_journal, 6, 6),
]


def begun(ground: Ground) -> AuditHead:
    outbox = ground.outbox()
    before = outbox.verify()
    assert not before.valid
    return outbox.begin(before, AT)


@pytest.mark.parametrize(("trouble", "there", "sound"), TROUBLES, ids=[one[0].__name__ for one in TROUBLES])
def test_a_new_chain_begins_behind_whatever_is_there_and_says_how_that_stood(
    ground: Ground, trouble: Callable[[Ground], None], there: int, sound: int
) -> None:
    trouble(ground)
    ground.happen(EventKind.SETTING_CHANGED)
    if trouble is not change_an_entry:
        with pytest.raises(AuditError):
            ground.outbox().flush()
    found = b"".join(path.read_bytes() for path in AuditLog(ground.folder).files())
    head = begun(ground)
    assert b"".join(path.read_bytes() for path in AuditLog(ground.folder).files()).startswith(found)
    first = next(entry for entry in AuditLog(ground.folder).entries() if entry.record.event == "chain_begun")
    details = first.record.details
    assert (first.number, details["entries"], details["sound"]) == (there + 1, there, sound)
    assert details["why"]
    assert ground.events()[-1] == "setting_changed", "what waited comes behind it"
    verdict = ground.outbox().verify()
    assert verdict.valid, verdict.reason
    assert (verdict.older, verdict.head) == (there, head)
    assert "new chain was begun" in verdict.note
    assert verdict.assured_by == ("file", "keychain")
    ground.happen(EventKind.GATE)
    ground.outbox().flush()
    assert ground.outbox().verify().entries == verdict.entries + 1


def test_nothing_waiting_is_lost_and_what_was_cut_off_comes_again_from_the_journal(ground: Ground) -> None:
    cut_the_end(ground)
    begun(ground)
    rows = [entry.record.row for entry in AuditLog(ground.folder).entries() if entry.record.event == "gate"]
    assert rows == [1, 2, 3, 4, 5, 6]


def changes(lines: list[bytes]) -> dict[str, tuple[list[bytes], int]]:
    """What somebody could do to the older entries, and the entry near which that shows."""
    return {
        "changed": ([*lines[:2], lines[2].replace(b"gate", b"gote"), *lines[3:]], 3),
        "removed": ([*lines[:2], *lines[3:]], 3),
        "swapped": ([*lines[:2], lines[3], lines[2], *lines[4:]], 3),
        "the last changed": ([*lines[:5], lines[5].replace(b"gate", b"gote")], 6),
        "the first removed": (lines[1:], 1),
        "all removed": ([], 1),
    }


@pytest.mark.parametrize("what", changes([b""] * 6))
def test_the_older_entries_cannot_be_changed_any_more_although_their_key_is_gone(ground: Ground, what: str) -> None:
    lose_the_key(ground)
    begun(ground)
    path = ground.folder / "audit-000001.log"
    changed, near = changes(path.read_bytes().splitlines(keepends=True))[what]
    path.write_bytes(b"".join(changed))
    verdict = ground.outbox().verify()
    assert not verdict.valid
    assert verdict.first_bad is not None
    assert abs(verdict.first_bad - near) <= 1, verdict


@pytest.mark.parametrize("how", ["cut", "cut with the head", "the first entry changed", "an older head"])
def test_the_new_chain_is_kept_like_the_first(ground: Ground, how: str) -> None:
    before = {path: path.read_bytes() for path in ground.folder.iterdir()}
    lose_the_key(ground)
    begun(ground)
    ground.happen(EventKind.GATE)
    ground.outbox().seal()
    path = ground.folder / "audit.log"
    lines = path.read_bytes().splitlines(keepends=True)
    if how.startswith("cut"):
        path.write_bytes(lines[0])
    elif how == "the first entry changed":
        path.write_bytes(lines[0].replace(b'"sound":0', b'"sound":6') + b"".join(lines[1:]))
    if how in ("cut with the head", "an older head"):
        (ground.folder / "head.json").write_bytes(before[ground.folder / "head.json"])
    assert not ground.outbox().verify().valid


def test_a_process_that_knew_the_older_key_takes_up_the_new_one(ground: Ground) -> None:
    other = ground.outbox()
    ground.happen(EventKind.GATE)
    other.flush()
    lose_the_key(ground)
    begun(ground)
    ground.happen(EventKind.ROLE_CHANGED)
    other.flush()
    assert other.verify().valid
    assert ground.events()[-1] == "role_changed"
    watched = other.watched(None)
    ground.happen(EventKind.GATE)
    assert other.watched(watched).entries == watched.entries + 1


def test_a_chain_may_be_lost_and_begun_again(ground: Ground) -> None:
    for _ in range(3):
        lose_the_keychain(ground)
        ground.happen(EventKind.GATE)
        begun(ground)
    verdict = ground.outbox().verify()
    assert verdict.valid
    assert ground.events().count("chain_begun") == 3
    assert verdict.older == 10


class Killed(BaseException):
    """The process ends here."""


class DyingKeychain(MemoryKeychain):
    """Ends the process before or behind one of its changes."""

    def __init__(self, entries: dict[str, str], left: int) -> None:
        super().__init__()
        self.entries, self.left = entries, left

    def _step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed

    def set(self, entry: str, value: str) -> None:
        self._step()
        super().set(entry, value)
        self._step()

    def delete(self, entry: str) -> None:
        self._step()
        super().delete(entry)
        self._step()


@pytest.mark.parametrize("trouble", [lose_the_key, cut_the_end, ruin_the_end], ids=lambda one: one.__name__)
@pytest.mark.parametrize("step", range(7))
def test_a_kill_while_a_chain_is_begun_leaves_the_old_one_or_the_new_one(
    ground: Ground, trouble: Callable[[Ground], None], step: int
) -> None:
    trouble(ground)
    ground.happen(EventKind.SETTING_CHANGED)
    dying = DyingKeychain(ground.keychain.entries, step)
    outbox = AuditOutbox(ground.journal, AuditLog(ground.folder), lambda: dying)
    verdict = ground.outbox().verify()
    try:
        outbox.begin(verdict, AT)
    except Killed:
        assert step < 6
    else:
        assert step == 6
    after = ground.outbox().verify()
    if not after.valid:
        begun(ground)
        after = ground.outbox().verify()
    assert after.valid, after.reason
    assert ground.events().count("chain_begun") == 1
    assert ground.events()[-1] == "setting_changed"


@pytest.mark.parametrize("step", ["line", "head"])
def test_a_kill_between_the_key_the_first_line_and_the_head_is_made_good(
    ground: Ground, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruin_the_end(ground)

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(AuditLog, "begin" if step == "line" else "note_head", killed)
        with pytest.raises(Killed):
            begun(ground)
    ground.happen(EventKind.ROLE_CHANGED)
    ground.outbox().flush()
    verdict = ground.outbox().verify()
    assert verdict.valid, verdict.reason
    assert ground.events().count("chain_begun") == 1
    assert ground.events()[-1] == "role_changed"


def test_the_command_begins_a_chain_only_where_it_must_and_only_with_the_pin(home: Path, tmp_path: Path) -> None:
    orion = Orion(home, tmp_path)
    orion("auth", "set", "pin", "--new-pin-stdin", given=f"{PIN}\n")
    whole = orion("audit", "begin-chain", "--pin-stdin", given=f"{PIN}\n")
    assert (whole.code, "goes on" in whole.err) == (2, True)
    engine = build(home)
    engine._core.adapters.authenticator.keychain().delete("audit-key")
    engine.close()
    assert orion("audit", "verify").code == 8
    assert orion("audit", "begin-chain", "--pin-stdin", given=f"{WRONG}\n").code == 7
    done = orion("audit", "begin-chain", "--pin-stdin", "--json", given=f"{PIN}\n")
    assert (done.code, done.json["valid"]) == (0, True)
    assert done.json["older"] > 0
    shown = orion("audit", "verify")
    assert shown.code == 0
    assert "new chain was begun" in shown.out
    rows = orion("audit", "show", "--json").lines
    tries = [row["details"] for row in rows if row["event"] == "authenticated"]
    assert [one["passed"] for one in tries if one["what"] == "begin a new chain of the audit log"] == [False, True]
    (told,) = [row["details"] for row in rows if row["event"] == "audit_chain_begun"]
    assert told["entries"] == done.json["older"]
    # Whoever has the export alone can follow it over the place where the key changed, as docs/audit-format.md says.
    orion("audit", "export", "-o", str(tmp_path / "all.log"))
    lines = (tmp_path / "all.log").read_bytes().splitlines()
    assert [json.loads(line)["n"] for line in lines] == list(range(1, len(lines) + 1))


def test_without_a_pin_there_is_no_new_chain(ground: Ground, home: Path) -> None:
    engine = build(home)
    engine.roles.untrust("no-such-role", home)
    engine.audit.seal()
    engine._core.adapters.authenticator.keychain().delete("audit-key")
    with pytest.raises(AuthError):
        engine.audit.begin_chain("482915")
    with pytest.raises(AuthError):
        engine.audit.begin_chain(None)
    engine.close()
    again = build(home)
    assert not again.audit.verify().valid
    again.close()


def test_a_rotated_log_goes_on_with_its_chain(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    log = AuditLog(ground.folder, rotate_bytes=1_000)
    outbox = AuditOutbox(ground.journal, log, lambda: ground.keychain)
    for _ in range(30):
        ground.happen(EventKind.GATE)
        outbox.seal()
    assert len(log.files()) > 5
    names = [path.name for path in log.files()]
    verdict = ground.outbox().verify()
    assert (verdict.valid, verdict.entries) == (True, 30)
    # Each file that was rotated is part of what is verified, and its place with it.
    for one, other in pairwise(names[:-1]):
        a, b = ground.folder / one, ground.folder / other
        kept = a.read_bytes(), b.read_bytes()
        a.write_bytes(kept[1])
        b.write_bytes(kept[0])
        assert not ground.outbox().verify().valid
        a.write_bytes(kept[0])
        b.write_bytes(kept[1])
    (ground.folder / names[0]).unlink()
    assert not ground.outbox().verify().valid
