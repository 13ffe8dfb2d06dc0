"""Live news for open pages. Whoever changes something publishes it, from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

News = dict[str, Any]
Tell = Callable[[News | None], None]


@dataclass(eq=False, frozen=True, slots=True)
class Listener:
    """One open page, the person it shows, and the way to tell it something (None: the workspace closes)."""

    user: str
    tell: Tell


class Hub:
    """All open pages."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()

    def listen(self, user: str, tell: Tell) -> Listener:
        """Begin to receive what `user` may see."""
        listener = Listener(user, tell)
        with self._lock:
            self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Receive no more."""
        with self._lock:
            self._listeners.discard(listener)

    @property
    def is_watched(self) -> bool:
        """Whether anybody has the page open."""
        with self._lock:
            return bool(self._listeners)

    def publish(self, news: News, to: Collection[str] | None = None) -> None:
        """Tell every page, or those of some people."""
        with self._lock:
            for listener in self._listeners:
                if to is None or listener.user in to:
                    listener.tell(news)

    def close(self) -> None:
        """End every page's stream."""
        with self._lock:
            for listener in self._listeners:
                listener.tell(None)
            self._listeners.clear()
