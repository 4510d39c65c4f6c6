"""What each endpoint and model was found able to do, kept in the home so that it is found out once."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from engine.vocabulary.actions import digest_of

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

_log = logging.getLogger(__name__)
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Ability:
    """`tools`: native, schema or empty when not tried yet. `form`: the strictest way of asking for a schema that was
    accepted, empty when not tried yet. `bounded`: yes for a model that did not come to an end by itself."""

    tools: str = ""
    form: str = ""
    bounded: str = ""


class Abilities:
    """Read and written at `path`; without one they are kept for the life of the process only. A file that cannot be
    read or written costs another probe, nothing else."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: dict[str, Ability] | None = None

    def of(self, api: str, address: str, model: str) -> Ability:
        with self._lock:
            return self._all().get(_key(api, address, model), Ability())

    def learn(self, api: str, address: str, model: str, **found: str) -> None:
        """Keep what a probe found; an empty value forgets it."""
        with self._lock:
            known = self._all()
            key = _key(api, address, model)
            known[key] = replace(known.get(key, Ability()), **found)
            self._write(known)

    def _all(self) -> dict[str, Ability]:
        if self._known is None:
            self._known = self._read()
        return self._known

    def _read(self) -> dict[str, Ability]:
        if self._path is None or not self._path.is_file():
            return {}
        try:
            data: dict[str, Any] = json.loads(self._path.read_text("utf-8"))
            return {key: Ability(**value) for key, value in data["endpoints"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as bad:
            _log.warning("%s cannot be read, endpoints are probed again: %s", self._path, bad)
            return {}

    def _write(self, known: dict[str, Ability]) -> None:
        if self._path is None:
            return
        from engine.storage.files import write_private

        text = json.dumps({"format": _FORMAT, "endpoints": {key: asdict(value) for key, value in known.items()}})
        try:
            write_private(self._path, text.encode(), sync=False)
        except OSError as full:
            _log.warning("%s cannot be written, endpoints are probed again next time: %s", self._path, full)


def _key(api: str, address: str, model: str) -> str:
    return digest_of(api, address, model)[:32]
