"""What an app does when a bug ends it: the error goes to whoever ran it, and nothing is printed that held a secret."""

from __future__ import annotations

from typing import TypeVar

from textual.app import App

Answer = TypeVar("Answer")


class QuietCrash(App[Answer]):
    """Textual's own way is to print the traceback with the values of local variables, and a PIN may be one of them."""

    def _fatal_error(self) -> None:
        self.bell()
        self._close_messages_no_wait()

    def run_or_raise(self) -> Answer | None:
        """As `run`; raises the error that ended it, to be kept as every other bug is."""
        answer = self.run()
        if self._exception is not None:
            raise self._exception
        return answer
