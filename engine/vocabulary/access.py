"""What asks for the second factor, and what the person is told about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Guarded(StrEnum):
    """Everything that needs the PIN or a code: the one list. The values are what the log and the prompts say."""

    PROMOTE = "promote"
    UNDO = "undo a promotion"
    APPROVE = "approve what reaches outside or touches secrets"
    CHANGE_ROLE = "change a role"
    TRUST_ROLE = "trust a role of the repository"
    CHANGE_METHOD = "change the authentication"
    CHANGE_SETTING = "change a guarded setting"
    CHANGE_DESTINATION = "change where notifications go"
    CHECK = "try the secret"


@dataclass(frozen=True, slots=True)
class TotpOffer:
    """A secret for an authenticator app: in base32, and as the address that a QR code carries."""

    secret: str
    uri: str
