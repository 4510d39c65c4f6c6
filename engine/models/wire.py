"""What both live APIs have in common: pacing a stream, and turning the kits' exceptions into Orion's."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from engine.models import faults
from engine.models.gathering import TooMuch
from engine.vocabulary.errors import ModelError
from engine.vocabulary.models import FinishReason

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from types import ModuleType

    from engine.models.faults import Endpoint
    from engine.models.gathering import Gathered
    from engine.vocabulary.models import Message

CONNECT_S = 10.0
BETWEEN_S = 120.0
TOTAL_TIMES_FIRST = 6

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


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: to connect, until the first piece of a reply, between two pieces, and for the whole reply."""

    connect_s: float = CONNECT_S
    first_s: float = 300.0
    between_s: float = BETWEEN_S
    total_s: float = 1800.0

    @classmethod
    def of(cls, timeout_s: float) -> Timing:
        """From the one number that a person sets: how long the first piece may take."""
        return cls(min(CONNECT_S, timeout_s), timeout_s, min(BETWEEN_S, timeout_s), timeout_s * TOTAL_TIMES_FIRST)


@dataclass(frozen=True, slots=True)
class Ask:
    """One call as it goes over a wire. `form` names how `schema` is asked for; see the wires' FORMS."""

    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    schema: Mapping[str, Any] | None = None
    form: str = ""
    max_tokens: int = 8192


class Wire(Protocol):
    """One API. `forms` are the ways in which it can be asked for JSON of a schema, the strictest first."""

    @property
    def endpoint(self) -> Endpoint: ...

    @property
    def forms(self) -> tuple[str, ...]: ...

    async def stream(self, ask: Ask, out: Gathered) -> None:
        """Ask and put what comes into `out`. Raises ModelError. A refusal of the provider is put there too."""


def spelled(name: str) -> str:
    """The name of a tool or call as both APIs allow it; a model may have made it up."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64] or "unnamed"


async def paced(endpoint: Endpoint, stream: Any, timing: Timing) -> AsyncIterator[Any]:
    """The pieces of a stream; ModelError when one takes too long or all together do."""
    loop = asyncio.get_running_loop()
    began, limit, waited_for = loop.time(), timing.first_s, "answer"
    pieces = aiter(stream)
    while True:
        left = began + timing.total_s - loop.time()
        if left <= 0:
            raise faults.timed_out(endpoint, "end of the answer", timing.total_s)
        try:
            async with asyncio.timeout(min(limit, left)):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError as late:
            if left < limit:
                raise faults.timed_out(endpoint, "end of the answer", timing.total_s) from late
            raise faults.timed_out(endpoint, waited_for, limit) from late
        yield piece
        limit, waited_for = timing.between_s, "more of the answer"


def check_content(endpoint: Endpoint, headers: Mapping[str, str]) -> None:
    """A page in place of a stream means that something else answers there. Raises ModelError."""
    kind = headers.get("content-type", "").split(";")[0].strip().casefold()
    if kind and kind not in ("text/event-stream", "application/x-ndjson", "text/plain"):
        raise faults.no_answer(endpoint, f"{kind} instead of a stream")


def ended(endpoint: Endpoint, out: Gathered) -> None:
    """Raises ModelError when the endpoint never said that the reply is over."""
    if out.finish is None:
        raise faults.cut(endpoint, "it ended without saying why")


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
