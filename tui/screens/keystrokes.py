"""Keys one after the other: each is done with before the next one is looked at.

Textual hands a key to the widget that has the focus at the moment and runs what it is bound to
later, and some bindings at once. So keys that come in one burst (a quick typist, a paste, a
script in a terminal) would overtake each other: `s` and `enter` would not meet in the dialog
that `s` opens, and `enter` would start a crawl of half an address.
"""

from __future__ import annotations

from collections import deque
from typing import TypeVar

from textual import events
from textual.app import App
from textual.message import Message
from textual.widget import Widget

LOOK_EVERY = 0.5
"""Seconds after which a key whose widget has gone is given up: nobody will tell of its end."""
LONGEST = 5.0
"""Seconds after which the next key no longer waits for the one before, whatever it does."""
_AT_ONCE = frozenset({"ctrl+c", "ctrl+q"})
"""Keys that get out of everything wait for nothing."""
Result = TypeVar("Result")


class InOrder(App[Result]):
    """An app that handles keys and pastes strictly in the order in which they were typed."""

    class Handled(Message):
        """Goes the way of a key, from the focused widget up to the app, right behind it."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[events.Key | events.Paste] = deque()
        self._number = 0
        self._under_way = False

    async def on_event(self, event: events.Event) -> None:
        typed = isinstance(event, events.Key | events.Paste) and not event.is_forwarded
        if not typed or (isinstance(event, events.Key) and event.key in _AT_ONCE):
            await super().on_event(event)
            return
        assert isinstance(event, events.Key | events.Paste)
        self._typed.append(event)
        if not self._under_way:
            await self._next()

    def on_in_order_handled(self, event: Handled) -> None:
        event.stop()
        number = event.number
        # A screen that the key opened reads its queue only when it is there; what it then asks
        # the app for (the focus of a field) comes before what is asked for now.
        if self.screen_stack:
            self.screen.call_later(lambda: self.call_later(self._done, number))

    async def _next(self) -> None:
        self._under_way = bool(self._typed)
        if not self._typed:
            return
        self._number += 1
        number = self._number
        await super().on_event(self._typed.popleft())
        if self.is_running and self.screen_stack:
            target = self.focused or self.screen
            target.post_message(self.Handled(number))
            self._look_after(target, number, LONGEST)

    def _look_after(self, target: Widget, number: int, left: float) -> None:
        async def look() -> None:
            if left <= 0 or not target.is_attached:
                await self._done(number)
            elif number == self._number and self._under_way:
                self._look_after(target, number, left - LOOK_EVERY)

        self.set_timer(LOOK_EVERY, look)

    async def _done(self, number: int) -> None:
        if number == self._number and self._under_way:
            await self._next()
