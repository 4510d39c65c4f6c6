"""One call over the wire, whichever API it speaks: through its official kit, with its body written piece by piece."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from engine.models import faults
from engine.models.pacing import Timing, paced
from engine.models.translating import lost, translated

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from ssl import SSLContext
    from types import ModuleType

    from engine.models.faults import Endpoint
    from engine.models.gathering import Gathered
    from engine.models.lines import Line
    from engine.vocabulary.models import Message

KEEP_ALIVE_S = 60.0
"""How long a connection may lie idle: about as long as the big endpoints keep theirs, and a command takes."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One call as it goes over a wire. `form` names how `schema` is asked for; see the dialects' `forms`."""

    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    schema: Mapping[str, Any] | None = None
    form: str = ""
    max_tokens: int = 8192


class Dialect(Protocol):
    """What one API says and how it answers. `usual` is its own endpoint; `path` comes after the address; `forms` are
    the ways in which it can be asked for JSON of a schema, the strictest first."""

    @property
    def usual(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def forms(self) -> tuple[str, ...]: ...

    def kit(self) -> tuple[ModuleType, type[Any]]:
        """Its official kit and the kit's asynchronous client, imported now. Raises ModelError when it is an extra that
        is not there."""

    def address(self, base_url: str) -> str:
        """`base_url` as the kit wants it."""

    def body(self, model: str, ask: Ask) -> bytes:
        """The request's JSON. What was written of a message before is used again: at 200 turns everything else takes
        several milliseconds."""

    def listener(self, ask: Ask, out: Gathered) -> Listener: ...


class Listener(Protocol):
    """Puts the pieces of one reply together."""

    def take(self, event: Any) -> None:
        """One more event of the stream, as it was sent."""

    def over(self) -> None:
        """The stream has ended."""


class Wire:
    """One endpoint that speaks `dialect`."""

    def __init__(self, dialect: Dialect, endpoint: Endpoint, base_url: str, timing: Timing) -> None:
        self.endpoint = endpoint
        self.forms = dialect.forms
        self._dialect = dialect
        self._address = dialect.address(base_url or dialect.usual)
        self._timing = timing
        self._tls: SSLContext | None = None

    @property
    def key(self) -> Hashable:
        """Clients of the same key are the same."""
        return self._dialect.path, self._address, self.endpoint.key, self._timing.connect_s

    def client(self) -> Any:
        """A client of the kit that retries nothing and waits for nothing by itself."""
        kit, make = self._dialect.kit()
        if self._tls is None:
            from httpx2 import create_ssl_context

            self._tls = create_ssl_context()
        from httpx2 import Limits

        return make(
            api_key=self.endpoint.key or "none",
            base_url=self._address,
            max_retries=0,
            timeout=kit.Timeout(None, connect=self._timing.connect_s),
            http_client=kit.DefaultAsyncHttpxClient(verify=self._tls, limits=Limits(keepalive_expiry=KEEP_ALIVE_S)),
        )

    async def stream(self, line: Line, ask: Ask, out: Gathered) -> None:
        """Ask and put what comes into `out`. Raises ModelError. A refusal of the provider is put there too."""
        kit, _ = self._dialect.kit()
        try:
            await self._read(kit, line, ask, out)
        except Exception as error:
            fault = translated(kit, self.endpoint, error, out)
            if fault is not None:
                raise fault from error

    async def _read(self, kit: ModuleType, line: Line, ask: Ask, out: Gathered) -> None:
        body = self._dialect.body(self.endpoint.model, ask)
        try:
            async with asyncio.timeout(self._timing.first_s):
                stream = await self._answered(kit, line, body)
        except TimeoutError as late:
            raise faults.timed_out(self.endpoint, "answer", self._timing.first_s) from late
        heard = self._dialect.listener(ask, out)
        async with stream:
            check_content(self.endpoint, stream.response.headers)
            async for event in paced(self.endpoint, stream, self._timing):
                heard.take(event)
        heard.over()
        if out.finish is None:
            raise faults.cut(self.endpoint, "it ended without saying why")

    async def _answered(self, kit: ModuleType, line: Line, body: bytes) -> Any:
        """The stream of events, as soon as its first line is there."""

        async def ask() -> Any:
            # Events as they come: the kit would make an object of each, and look at every field of it by its type.
            return await line.client.post(
                self._dialect.path, cast_to=object, content=body, stream=True, stream_cls=kit.AsyncStream[object]
            )

        try:
            return await ask()
        except kit.APIConnectionError as error:
            # An endpoint lets go of an idle connection when it likes, which shows only when something is sent over it.
            if not line.warm or not lost(error):
                raise
            return await ask()


def encoded(value: Any) -> bytes:
    """A JSON value as both APIs take it. Half a surrogate pair, which no text of theirs may have, becomes a question
    mark."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def put_together(fields: Mapping[str, bytes | tuple[bytes, ...]]) -> bytes:
    """One JSON object of fields whose values are encoded already, whole or in pieces: a long conversation has
    megabytes, and each copy of them is felt."""
    parts: list[bytes] = []
    for name, value in fields.items():
        parts += (b"," if parts else b"{", b'"%s":' % name.encode())
        parts += (value,) if isinstance(value, bytes) else value
    return b"".join((*parts, b"}"))


def spelled(name: str) -> str:
    """The name of a tool or call as both APIs allow it; a model may have made it up."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64] or "unnamed"


def number_in(said: Any, name: str) -> int:
    """A count in what an endpoint sent; 0 when it is none."""
    value = said.get(name) if isinstance(said, dict) else None
    return value if isinstance(value, int) and value > 0 else 0


def text_in(said: Any, name: str) -> str:
    """A text in what an endpoint sent; empty when it is none."""
    value = said.get(name) if isinstance(said, dict) else None
    return value if isinstance(value, str) else ""


def check_content(endpoint: Endpoint, headers: Mapping[str, str]) -> None:
    """A page in place of a stream means that something else answers there. Raises ModelError."""
    kind = headers.get("content-type", "").split(";")[0].strip().casefold()
    if kind and kind not in ("text/event-stream", "application/x-ndjson", "text/plain"):
        raise faults.no_answer(endpoint, f"{kind} instead of a stream")
