"""Where everything that Orion keeps stands: one private folder on a local disk."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from engine.vocabulary.errors import ConfigError, UsageError

SESSION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")

_FOLDERS = ("sessions", "blobs", "roles", "playbooks", "locks", "logs", "keychain", "audit", "setups")
_FILES = (
    "journal.db",
    "feedback.db",
    "config.yaml",
    "access.json",
    "auth.json",
    "trusted.json",
    "secrets_allowlist.yaml",
    "seen.json",
)
_MOUNTS = Path("/proc/self/mounts")

# SQLite's WAL needs memory shared between the processes that use a file, which none of these has.
_NETWORK = frozenset(
    {"nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "afs", "ceph", "coda", "davfs", "gfs2"}
    | {"glusterfs", "lustre", "ncpfs", "ocfs2", "orangefs", "webdav", "beegfs", "gpfs"}
    | {"fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.glusterfs", "fuse.davfs2", "fuse.gcsfuse", "fuse.ceph"}
    | {"fuse.ceph-fuse", "fuse.curlftpfs", "fuse.smbnetfs"}
)


class Home:
    """The folder that `ORION_HOME` names, and the places in it. Nothing is touched before `prepare`."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        self.journal = self.root / "journal.db"
        self.feedback = self.root / "feedback.db"
        self.config = self.root / "config.yaml"
        self.access = self.root / "access.json"
        self.older_auth = self.root / "auth.json"
        self.keychain = self.root / "keychain"
        self.audit = self.root / "audit"
        self.allow_list = self.root / "secrets_allowlist.yaml"
        self.trusted = self.root / "trusted.json"
        self.seen = self.root / "seen.json"
        self.sessions = self.root / "sessions"
        self.blobs = self.root / "blobs"
        self.roles = self.root / "roles"
        self.playbooks = self.root / "playbooks"
        self.locks = self.root / "locks"
        self.logs = self.root / "logs"
        self.setups = self.root / "setups"

    def session(self, session: str) -> Path:
        """The folder of one session. Raises UsageError for something that cannot be an id."""
        return self.sessions / checked_id(session)

    def prepare(self) -> None:
        """Make the folders, mode 0700. Raises ConfigError when the home cannot be used: a file stands there, it is
        somebody else's, it cannot be written, or it is on a network file system."""
        try:
            self._make()
        except OSError as error:
            raise self._unusable(f"cannot be used: {error.strerror or error}") from error

    def _make(self) -> None:
        above = next(folder for folder in (self.root, *self.root.parents) if os.path.lexists(folder))
        if not above.is_dir():
            what = "is a file" if above.is_file() else "is not a folder"
            raise self._unusable(what if above == self.root else f"cannot be made: {above} {what}")
        self._refuse_network(above)
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_private(self.root)
        for name in _FOLDERS:
            folder = self.root / name
            folder.mkdir(mode=0o700, exist_ok=True)
            self._make_private(folder)
        for name in _FILES:
            self._check_file(self.root / name)

    def _check_file(self, file: Path) -> None:
        """One of Orion's own files is this user's and nobody else's. A link is the user's own affair as long as nobody
        else can write where it leads."""
        try:
            found = file.stat()
        except FileNotFoundError:
            return
        if found.st_uid != os.geteuid():
            raise self._foreign(found.st_uid, file)
        mode = stat.S_IMODE(found.st_mode)
        if not mode & 0o077 or not stat.S_ISREG(found.st_mode):
            return
        if not file.is_symlink():
            file.chmod(0o600)
        elif mode & 0o022:
            raise self._open_to_others(file)

    def _make_private(self, folder: Path) -> None:
        found = folder.stat()
        if found.st_uid != os.geteuid():
            raise self._foreign(found.st_uid, folder)
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise self._unusable("cannot be written", folder)
        if stat.S_IMODE(found.st_mode) & 0o077:
            if folder == self.root and self._is_strange():
                raise self._unusable("is open to other users and holds files that are not Orion's")
            if stat.S_IMODE(found.st_mode) & 0o022 and any(folder.iterdir()):
                raise self._open_to_others(folder)
            folder.chmod(0o700)

    def _is_strange(self) -> bool:
        """A folder full of other things: closing it to everybody else would be a surprise."""
        names = {entry.name for entry in self.root.iterdir()}
        return bool(names) and not names & {*_FOLDERS, *_FILES}

    def _refuse_network(self, folder: Path) -> None:
        kind = network_file_system(folder)
        if kind:
            raise self._unusable(f"is on a network file system ({kind}), where the journal is not safe")

    def _foreign(self, owner: int, path: Path) -> ConfigError:
        return ConfigError(
            f"Orion's home {path} belongs to another user (uid {owner}, this is uid {os.geteuid()})",
            f"work as that user, give it back with chown, or set ORION_HOME to a folder of your own ({self.root} is "
            "never shared)",
            path=str(self.root),
        )

    def _open_to_others(self, path: Path) -> ConfigError:
        return ConfigError(
            f"Orion's home {path} could be written by other users, so what is in it may not be yours",
            f"look at what is there, then close it: chmod go-rwx {path}; or set ORION_HOME to an empty folder",
            path=str(self.root),
        )

    def _unusable(self, what: str, folder: Path | None = None) -> ConfigError:
        return ConfigError(
            f"Orion's home {folder or self.root} {what}",
            "set ORION_HOME to a folder of your own on a local disk (an empty or a new one)",
            path=str(self.root),
        )


def checked_id(session: str) -> str:
    """The id itself. Raises UsageError when it could be anything but a plain name."""
    if not SESSION_ID.fullmatch(session):
        raise UsageError(f"{session[:80]!r} is not the id of a session", "orion sessions lists them")
    return session


def network_file_system(folder: Path, mounts: str | None = None) -> str:
    """The type of the network file system that the folder is on, or empty for a local one. `mounts` is the text of
    `/proc/self/mounts`; where the system has no such file, nothing is known and nothing refused."""
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text("utf-8", errors="surrogateescape")
        except OSError:
            return ""
    path = folder.resolve()
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[1]))
        # The later of two mounts on the same point hides the earlier one.
        if (path == point or point in path.parents) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind if kind in _NETWORK else ""
