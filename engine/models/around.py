"""What stands around a model and is one itself: the same name and numbers, another way of asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.vocabulary.models import Price
    from engine.vocabulary.ports import Model


class Around:
    """Answers for `inner` in everything but `complete`."""

    def __init__(self, inner: Model) -> None:
        self._inner = inner

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def context_tokens(self) -> int:
        return self._inner.context_tokens

    @property
    def max_output_tokens(self) -> int:
        return self._inner.max_output_tokens

    @property
    def price(self) -> Price:
        return self._inner.price
