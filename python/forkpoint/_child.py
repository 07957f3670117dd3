"""The other half: one child process that runs ``forkpoint serve``, started on first use and shared by threads."""

from __future__ import annotations

import atexit
import itertools
import json
import math
import os
import re
import shutil
import subprocess
import sys
import threading
from collections import deque
from typing import Any, Deque, Dict, List, Optional, Protocol, Tuple

from .errors import InvalidStateError, NodeError, ServerGoneError, error_of

PROTOCOL = 1
NEEDED = (20, 19)
LARGEST = 2**53
AGAIN = "The next call of a git or file store starts a new one. Open handles, agents and sessions again."


class Inbox(Protocol):
    """Where what belongs to one request arrives, from the reading thread."""

    def put(self, kind: str, message: Dict[str, Any]) -> None: ...


class Child:
    """A running server. Requests may come from any thread."""

    def __init__(self) -> None:
        command = [find_node(), find_command_line(), "serve"]
        group: Dict[str, Any] = {"start_new_session": True}
        if os.name == "nt":
            group = {"creationflags": 0x00000200}  # CREATE_NEW_PROCESS_GROUP
        # A process group of its own: Ctrl-C is for Python, which cancels the turn.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **group)
        self._write_lock = threading.Lock()
        self._ids = itertools.count(1)
        self._waiting: Dict[int, Inbox] = {}
        self._unheld: Deque[str] = deque()
        self.gone: Optional[str] = None
        threading.Thread(target=self._read, name="forkpoint", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def request(self, method: str, params: Dict[str, Any], inbox: Inbox) -> int:
        """Sends a request. Raises InvalidStateError for what JSON cannot hold, ServerGoneError."""
        id = next(self._ids)
        line = encode({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        self._waiting[id] = inbox
        while self._unheld:
            self.send({"method": "position.close", "params": {"position": self._unheld.popleft()}})
        try:
            self._write(line)
            if self.gone is not None:
                raise ServerGoneError(self.gone)
        except ServerGoneError:
            self._waiting.pop(id, None)
            raise
        return id

    def send(self, message: Dict[str, Any]) -> None:
        """Sends a notification or an answer."""
        self._write(encode({"jsonrpc": "2.0", **message}))

    def forget(self, id: int) -> None:
        """Nobody waits for this request any more."""
        self._waiting.pop(id, None)

    def let_go(self, position: str) -> None:
        """Closes a position with the next request: this is called by the garbage collector, at any moment."""
        self._unheld.append(position)

    def stop(self) -> None:
        """Ends its input, and waits until it has finished."""
        try:
            with self._write_lock:
                self._pipe().close()
        except OSError:
            pass
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def abandon(self) -> None:
        """In a process that was forked: lets go of what belongs to the parent."""
        self.gone = "This process was forked from the one that started the server."
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    os.close(pipe.fileno())
                except (OSError, ValueError):
                    pass

    def _pipe(self) -> Any:
        return self._process.stdin

    def _write(self, line: bytes) -> None:
        if self.gone is not None:
            raise ServerGoneError(self.gone)
        try:
            with self._write_lock:
                pipe = self._pipe()
                pipe.write(line)
                pipe.flush()
        except (OSError, ValueError) as cause:
            # The reading thread may not have seen the end yet; the next call needs to know.
            self.gone = self.gone or f"The forkpoint process ended. {AGAIN}"
            raise ServerGoneError(self.gone) from cause

    def _read(self) -> None:
        output: Any = self._process.stdout
        try:
            for line in output:
                self._receive(json.loads(line, parse_int=_integer))
        except (OSError, ValueError):
            pass
        code = self._process.wait()
        self.gone = f"The forkpoint process ended ({code}). {AGAIN}"
        for id in list(self._waiting):
            inbox = self._waiting.pop(id, None)
            if inbox is not None:
                inbox.put("gone", {"message": self.gone})

    def _receive(self, message: Dict[str, Any]) -> None:
        method = message.get("method")
        if method is None:
            inbox = self._waiting.pop(message.get("id"), None)  # type: ignore[arg-type]
            if inbox is not None:
                inbox.put("answer", message)
            return
        inbox = self._waiting.get(message["params"].get("request"))
        if inbox is not None:
            inbox.put("ask" if "id" in message else method, message)
        elif "id" in message:
            error = {"code": -32603, "message": "Nobody waits for this turn any more."}
            self.send({"id": message["id"], "error": error})


_lock = threading.Lock()
_current: Optional[Child] = None


def current() -> Child:
    """The server of this process; starts one where there is none. Raises NodeError."""
    global _current
    with _lock:
        if _current is None or _current.gone is not None:
            _current = Child()
        return _current


def _stop() -> None:
    if _current is not None:
        _current.stop()


def _forked() -> None:
    global _current, _lock
    _lock = threading.Lock()
    if _current is not None:
        _current.abandon()
    _current = None


atexit.register(_stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def find_node() -> str:
    """Path of Node.js: ``FORKPOINT_NODE``, else the one on the path. Raises NodeError."""
    wanted = os.environ.get("FORKPOINT_NODE") or "node"
    found = shutil.which(wanted)
    if found is None:
        raise NodeError(
            f"forkpoint needs Node.js 20.19 or newer, and '{wanted}' was not found. Install it from https://nodejs.org,"
            " or set FORKPOINT_NODE to the path of its program."
        )
    try:
        text = subprocess.run([found, "--version"], stdout=subprocess.PIPE, timeout=30).stdout.decode("ascii", "replace")
    except (OSError, subprocess.TimeoutExpired) as cause:
        raise NodeError(f"'{found}' cannot be run. Set FORKPOINT_NODE to the path of Node.js.") from cause
    match = re.match(r"v(\d+)\.(\d+)", text)
    if match is None or (int(match.group(1)), int(match.group(2))) < NEEDED:
        raise NodeError(
            f"forkpoint needs Node.js 20.19 or newer, and '{found}' is {text.strip() or 'something else'}."
            " Install a newer one, or set FORKPOINT_NODE to the path of another."
        )
    return found


def find_command_line() -> str:
    """Path of the command line: ``FORKPOINT_SERVE``, else the bundle of this package. Raises NodeError."""
    bundle = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_node", "dist", "cli", "forkpoint.mjs")
    path = os.environ.get("FORKPOINT_SERVE") or bundle
    if not os.path.isfile(path):
        raise NodeError(
            f"The command line of forkpoint is not at '{path}'. Install the wheel, or set FORKPOINT_SERVE to the"
            " path of its main.js."
        )
    return path


def encode(message: Dict[str, Any]) -> bytes:
    """One line of JSON. Raises InvalidStateError for what would not come back as it is."""
    _check(message, [])
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


def _check(value: Any, path: List[Any]) -> None:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise _refused([*path, str(key)], f"the key {key!r} is not a string")
            if type(inner) is not str:
                _check(inner, [*path, key])
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            if type(inner) is not str:
                _check(inner, [*path, index])
    elif isinstance(value, int):
        if abs(value) > LARGEST:
            raise _refused(path, f"{value} is beyond ±2^53, which JSON readers round")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _refused(path, f"{value} is not JSON")
    elif not isinstance(value, str):
        raise _refused(path, f"a value of type {kind.__name__} is not JSON")


def _refused(path: List[Any], message: str) -> InvalidStateError:
    inner = [each for each in path if each not in ("params",)]
    where = ".".join(str(each) for each in inner)
    return InvalidStateError(f"At {where}: {message}.", issues=[{"path": inner, "message": message}])


def _integer(text: str) -> Any:
    number = int(text)
    if abs(number) > LARGEST:
        return float(text)
    return -0.0 if text == "-0" else number


def unwrap(message: Dict[str, Any]) -> Any:
    """The result of an answer. Raises what the error stands for."""
    if "error" in message:
        error = message["error"]
        raise error_of(error["message"], error.get("data") or {})
    return message.get("result")


__all__: Tuple[str, ...] = ("Child", "current", "encode", "find_node", "unwrap")
if sys.version_info < (3, 9):
    raise ImportError("forkpoint needs Python 3.9 or newer")
