"""What asks for the second factor, and the ports that keep and check it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Guarded(StrEnum):
    """Everything that needs the PIN or a code: the one list. The values are what the log and the prompts say."""

    PROMOTE = "promote"
    UNDO = "undo a promotion"
    APPROVE = "approve what reaches outside or touches secrets"
    CHANGE_ROLE = "change a role"
    TRUST_ROLE = "trust a role of the repository"
    CHANGE_METHOD = "change the authentication"
    CHANGE_SETTING = "change a guarded setting"
    BEGIN_CHAIN = "begin a new chain of the audit log"
    CHANGE_DESTINATION = "change where notifications go"
    CHECK = "try the secret"


@dataclass(frozen=True, slots=True)
class TotpOffer:
    """A secret for an authenticator app: in base32, and as the address that a QR code carries."""

    secret: str
    uri: str


class Keychain(Protocol):
    """Where secrets are kept: the system's keychain, or a file that only this account can read."""

    @property
    def kind(self) -> str:
        """`system` or `file`."""

    @property
    def where(self) -> str:
        """What a person is told about it, without secrets."""

    def place_of(self, entry: str) -> tuple[str, str]:
        """Where a person finds that entry: service and name in the system's keychain, or folder and file."""

    def get(self, entry: str) -> str | None:
        """None when nothing is kept under that name. Raises KeychainError."""

    def set(self, entry: str, value: str) -> None:
        """Kept when this returns. Raises KeychainError."""

    def delete(self, entry: str) -> None:
        """Gone when this returns, also when there was nothing. Raises KeychainError."""


class Authenticator(Protocol):
    """The second factor: a PIN, or one-time codes with backup codes. Every wrong try is on the disk before its answer
    is known. All raise KeychainError when the keychain does not answer."""

    def method(self) -> str:
        """`pin` or `totp`, or empty when none was ever set."""

    def keychain(self) -> Keychain:
        """The one that holds the secrets, or that would when nothing is set yet."""

    def set_pin(self, new: str, current: str | None) -> None:
        """Set the first secret, or another in place of the current one, which is deleted. Raises AuthError or Locked
        (the current one is missing or wrong), ConfigError (a weak or malformed PIN)."""

    def offer_totp(self, account: str, current: str | None) -> TotpOffer:
        """Make a secret for an authenticator app; it counts once `confirm_totp` saw a live code. Raises AuthError or
        Locked."""

    def confirm_totp(self, code: str) -> tuple[str, ...]:
        """Switch to one-time codes with the secret offered last; the backup codes, told this once. Raises AuthError
        (a wrong code, no offer of the last 15 minutes)."""

    def verify(self, secret: str) -> None:
        """Raises AuthError or Locked."""

    def lock_left_s(self) -> float:
        """Seconds until the next try is possible, 0 when it is now."""

    def tries_left(self) -> int:
        """Wrong tries left before a lock."""

    def backup_codes_left(self) -> int: ...

    def reset_left_s(self) -> float | None:
        """Seconds until a reset that was begun can be finished, None when none was begun."""

    def begin_reset(self) -> float:
        """Begin the wait for a forgotten secret, or look at the one begun; the seconds left."""

    def reset_over(self) -> None:
        """Return when the wait is over. Raises AuthError before its end and when none was begun."""

    def finish_reset(self) -> None:
        """Forget the secret after the wait. Raises AuthError before its end."""
