"""What went wrong at an endpoint, as a sentence with a hint: which faults may pass by themselves and which do not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.governance.secrets import redact
from engine.models.waits import told_wait
from engine.vocabulary.errors import ModelError, ModelFault
from engine.vocabulary.text import shortened, visible

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_SAID = 300
_OVERFLOW = re.compile(
    r"context[ _](?:length|window|size)|maximum context|too long|too many (?:input )?tokens|exceed_context|"
    r"exceeds? the (?:available|model'?s?) context|reduce the length|input length and .?max_tokens",
    re.IGNORECASE,
)
_SPENT = re.compile(r"insufficient[ _]quota|exceeded your current quota|credit balance|billing|payment", re.IGNORECASE)
_FILTERED = re.compile(r"content[ _](?:filter|policy|management)|responsible ?ai", re.IGNORECASE)
_MODEL = re.compile(r"model", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who was asked, for the sentences: the model's configured name, its name there, the address (without secrets) and
    where its key comes from. `key` is kept out of every sentence."""

    name: str
    model: str
    address: str
    key_from: str = ""
    key: str = ""

    def quoted(self, text: str) -> str:
        """What the endpoint said, fit for a person's terminal: short, without keys and control characters."""
        clean = text.replace(self.key, "…") if self.key else text
        return visible(shortened(redact(" ".join(clean.split())), _SAID))


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that is no success: HTTP status, the message and code in its body, and its headers in lower case."""

    status: int
    message: str
    code: str
    headers: Mapping[str, str]

    @property
    def filtered(self) -> bool:
        """Whether the provider would not let the model see this, which is a refusal and no fault."""
        return self.status == 400 and bool(_FILTERED.search(f"{self.code} {self.message}"))


def of_refusal(endpoint: Endpoint, refused: Refused, now: datetime) -> ModelError:
    """The error for an answer that is no success."""
    status, about = refused.status, f"{refused.code} {refused.message}"
    said = endpoint.quoted(refused.message)
    told = f"{endpoint.address} answered {status}" + (f": {said}" if said else "")
    if status in (400, 413, 422, 500) and _OVERFLOW.search(about):
        return ModelError(
            f"the conversation is too long for {endpoint.name}: {said or status}",
            "set context_tokens of this model in config.yaml to what it really has",
            fault=ModelFault.OVERFLOW,
        )
    if status in (401, 403):
        hint = f"check the key in {endpoint.key_from}" if endpoint.key_from else "name its key: api_key_env: NAME"
        return ModelError(f"{endpoint.name}: the key was refused; {told}", hint, fault=ModelFault.KEY)
    if status == 402 or (status in (400, 429) and _SPENT.search(about)):
        hint = "top the account up or raise its limit, then resume or give the goal again; or use another model"
        return ModelError(f"{endpoint.name}: nothing left to spend; {told}", hint, fault=ModelFault.QUOTA)
    if status == 404:
        return _not_found(endpoint, about, told)
    if status == 429 or status == 529:
        wait = told_wait(refused.headers, now)
        hint = "Orion tries again by itself; if it stays so, resume or give the goal again later, or use another model"
        return ModelError(f"{endpoint.name} is busy; {told}", hint, retryable=True, fault=ModelFault.BUSY, wait_s=wait)
    if status in (408, 409, 425) or (status >= 500 and status != 501):
        wait = told_wait(refused.headers, now)
        hint = "look at the endpoint's own log or status page, then resume or give the goal again"
        return ModelError(f"{endpoint.name}: {told}", hint, retryable=True, fault=ModelFault.SERVER, wait_s=wait)
    hint = "check base_url and model in config.yaml; the endpoint may not speak this API"
    return ModelError(f"{endpoint.name}: the call was not accepted; {told}", hint, fault=ModelFault.REQUEST)


def _not_found(endpoint: Endpoint, about: str, told: str) -> ModelError:
    if _MODEL.search(about):
        return ModelError(
            f"{endpoint.name}: there is no model {endpoint.model!r}; {told}",
            "check `model` in config.yaml against the endpoint's own list",
            fault=ModelFault.UNKNOWN_MODEL,
        )
    return ModelError(
        f"{endpoint.name}: nothing answers at this path; {told}",
        "check base_url in config.yaml; it usually ends in /v1",
        fault=ModelFault.REQUEST,
    )


def unreachable(endpoint: Endpoint, why: str) -> ModelError:
    return ModelError(
        f"{endpoint.name}: nothing answers at {endpoint.address}" + (f" ({endpoint.quoted(why)})" if why else ""),
        "start the endpoint, or check base_url in config.yaml and the network",
        retryable=True,
        fault=ModelFault.UNREACHABLE,
    )


def cut(endpoint: Endpoint, why: str) -> ModelError:
    return ModelError(
        f"{endpoint.name}: the answer broke off" + (f" ({endpoint.quoted(why)})" if why else ""),
        "Orion asks again by itself; if it stays so, look at the endpoint's own log",
        retryable=True,
        fault=ModelFault.CUT,
    )


def timed_out(endpoint: Endpoint, waited_for: str, seconds: float) -> ModelError:
    return ModelError(
        f"{endpoint.name}: no {waited_for} within {seconds:g} s from {endpoint.address}",
        "Orion asks again by itself; a slow model may need a longer timeout_s in config.yaml",
        retryable=True,
        fault=ModelFault.TIMED_OUT,
    )


def no_answer(endpoint: Endpoint, what: str, *, retryable: bool = False) -> ModelError:
    return ModelError(
        f"{endpoint.name}: {endpoint.address} sent {endpoint.quoted(what)}",
        "check base_url in config.yaml; it usually ends in /v1",
        retryable=retryable,
        fault=ModelFault.REPLY,
    )
