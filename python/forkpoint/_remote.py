"""Things of the server that objects here stand for: opened when they are first used."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from typing import Any, Callable, Dict, Optional, Tuple

from ._child import Child, current, unwrap
from ._inbox import SyncInbox
from .errors import ServerGoneError, SessionClosedError
from .values import State

PLAIN_STATES = 64


def ask_blocking(child: Child, method: str, params: Dict[str, Any]) -> Any:
    """A call that is over soon, on whatever thread this is."""
    inbox = SyncInbox()
    child.request(method, params, inbox)
    kind, message = inbox.get()
    if kind == "gone":
        raise ServerGoneError(message["message"])
    return unwrap(message)


class Remote:
    """A thing of the server, and how it is opened. ``again``: whether a new server may open it anew."""

    def __init__(self, what: str, open: Callable[[], Tuple[Child, str, Dict[str, Any]]], again: bool = False) -> None:
        self._what = what
        self._open = open
        self._again = again
        self._lock = threading.Lock()
        self._opened: Optional[Tuple[Child, str]] = None
        self.info: Dict[str, Any] = {}
        self.closed = False

    def get(self) -> Tuple[Child, str]:
        """The server and the thing's name there. Raises ServerGoneError, SessionClosedError, and what opening raises."""
        with self._lock:
            if self.closed:
                raise SessionClosedError(f"This {self._what} is closed. Open a new one.")
            if self._opened is not None:
                if self._opened[0].gone is None:
                    return self._opened
                if not self._again:
                    raise ServerGoneError(
                        f"This {self._what} was in a forkpoint process that ended, and is gone. Make a new one."
                    )
            child, name, self.info = self._open()
            self._opened = (child, name)
            return self._opened

    @property
    def is_open(self) -> bool:
        return self._opened is not None and self._opened[0].gone is None and not self.closed


def opener(what: str, method: str, params: Callable[[], Tuple[Child, Dict[str, Any]]]) -> Callable[[], Tuple[Child, str, Dict[str, Any]]]:
    """Opens a thing with a method whose result has its name under ``what``."""

    def open() -> Tuple[Child, str, Dict[str, Any]]:
        child, sent = params()
        found: Dict[str, Any] = ask_blocking(child, method, sent)
        return child, found[what], found

    return open


def store_remote(params: Dict[str, Any]) -> Remote:
    return Remote(
        "store", opener("store", "store.create", lambda: (current(), params)), again=params["kind"] != "memory"
    )


class Positions:
    """Where states were loaded or saved, as TypeScript knows it by the object."""

    def __init__(self) -> None:
        self._plain: "OrderedDict[int, Tuple[Dict[str, Any], Any]]" = OrderedDict()

    def of(self, state: Dict[str, Any], child: Child) -> Optional[str]:
        plain = self._plain.get(id(state))
        held = state.held if isinstance(state, State) else None if plain is None else plain[1]
        if held is None or held[0] is not self or held[1] is not child:
            return None
        return str(held[2])

    def hold(self, state: Dict[str, Any], child: Child, position: str) -> None:
        held = (self, child, position)
        if isinstance(state, State):
            state.held = held
            weakref.finalize(state, child.let_go, position).atexit = False
            return
        # A dict has no room for it: the last few are remembered.
        self._plain[id(state)] = (state, held)
        while len(self._plain) > PLAIN_STATES:
            _, (_, old) = self._plain.popitem(last=False)
            old[1].let_go(old[2])
