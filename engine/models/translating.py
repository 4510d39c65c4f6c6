"""The kits' exceptions as Orion's."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.models import faults
from engine.models.gathering import TooMuch
from engine.vocabulary.errors import ModelError
from engine.vocabulary.models import FinishReason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from engine.models.faults import Endpoint
    from engine.models.gathering import Gathered

_STATUS_OF = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def lost(error: Exception) -> bool:
    """Whether a connection that stood went away under a call."""
    import httpx2

    cause = error.__cause__
    return isinstance(cause, httpx2.ReadError | httpx2.WriteError | httpx2.RemoteProtocolError)


def translated(kit: ModuleType, endpoint: Endpoint, error: Exception, out: Gathered) -> ModelError | None:
    """The kit's exception as a ModelError; None when it is a refusal of the provider, which then stands in `out`."""
    import httpx2

    now = datetime.now(UTC)
    if isinstance(error, ModelError):
        return error
    if isinstance(error, TooMuch):
        return faults.no_answer(endpoint, str(error))
    if isinstance(error, kit.APIStatusError):
        return _refused(endpoint, _as_refused(error.status_code, error.body, error.response.headers), out, now)
    if isinstance(error, kit.APITimeoutError):
        return faults.unreachable(endpoint, "connecting took too long")
    if isinstance(error, kit.APIConnectionError | httpx2.HTTPError):
        cause = error.__cause__ if isinstance(error, kit.APIConnectionError) and error.__cause__ else error
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
            return faults.unreachable(endpoint, str(cause))
        if isinstance(cause, httpx2.TransportError | httpx2.DecodingError):
            return faults.cut(endpoint, str(cause))
        return faults.unreachable(endpoint, str(cause) or type(cause).__name__)
    if isinstance(error, kit.APIError):
        # An error event in the middle of a stream.
        return _refused(endpoint, _as_refused(200, error.body, {}, error.message), out, now)
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return faults.no_answer(endpoint, "something that is not JSON", retryable=True)
    return faults.no_answer(endpoint, f"something unreadable ({type(error).__name__})", retryable=True)


def _refused(endpoint: Endpoint, refused: faults.Refused, out: Gathered, now: datetime) -> ModelError | None:
    if refused.filtered:
        out.finish = FinishReason.REFUSAL
        return None
    return faults.of_refusal(endpoint, refused, now)


def _as_refused(status: int, body: object, headers: Mapping[str, str], said: str = "") -> faults.Refused:
    """Both APIs put the fault under `error`, some endpoints the whole body in its place, some just text."""
    about = body
    while isinstance(about, dict) and isinstance(about.get("error"), dict | str):
        about = about["error"]
    if not isinstance(about, dict):
        text = about if isinstance(about, str) else said
        return faults.Refused(_status(status, None), text or said, "", _lower(headers))
    code = about.get("code") or about.get("type") or ""
    message = about.get("message") or about.get("detail") or said
    kind = about.get("type") or code
    return faults.Refused(_status(status, code, kind), str(message), f"{code} {kind}", _lower(headers))


def _status(status: int, code: object, kind: object = "") -> int:
    """The status of a fault that came inside a successful answer is told by its code."""
    if status >= 300:
        return status
    if isinstance(code, int) and 300 <= code < 600:
        return code
    return _STATUS_OF.get(str(kind), _STATUS_OF.get(str(code), 500))


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
