"""The fields of a small value by name."""

from __future__ import annotations

from dataclasses import fields
from typing import Any


def fields_of(value: Any) -> dict[str, Any]:
    """The fields of a dataclass as they are. `asdict` copies each of them, which at every turn of a model is felt; this
    is for values that hold nothing that could be changed."""
    return {field.name: getattr(value, field.name) for field in fields(value)}
