"""The audit log in one file, for somebody without Orion."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.vocabulary.errors import AuditError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from engine.storage.audit_log import AuditLog


def export(log: AuditLog, target: Path) -> None:
    """Every line as it stands, in one new file, mode 0600. Raises UsageError, AuditError."""
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UsageError(f"{target} is there already", "choose another name; nothing is written over") from None
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}", "choose another place") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            for line in log.lines():
                file.write(line + b"\n")
    except OSError as error:
        raise AuditError(f"{target} could not be written: {error.strerror}", "free some space and try again") from error
