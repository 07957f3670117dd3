"""The asyncio twin: the same classes, whose calls are awaited.

>>> from forkpoint import aio
>>> agent = await aio.Agent.create("config.acl")
>>> session = agent.session(".", SessionOptions(session_store=aio.GitSessionStore("./sessions")))
>>> async for event in session.stream("What is in this folder?"):
...     if event["type"] == "text-delta": print(event["text"], end="")
"""

from __future__ import annotations

import copy
import os
from dataclasses import asdict
from typing import Any, AsyncIterator, Callable, Dict, List, Mapping, Optional, Tuple, Type, Union

from ._child import Child, current, unwrap
from ._inbox import AsyncInbox
from ._remote import Positions, Remote, opener, store_remote
from .errors import ServerGoneError
from .options import PermissionPolicy, SessionOptions, Tools, tools_of, wire_options
from .values import (
    Author,
    Branch,
    Checkpoint,
    Document,
    FoundSecret,
    MaintainReport,
    PermissionRequest,
    RunInfo,
    SessionSummary,
    Signing,
    State,
    StateDiff,
    StoreStats,
    Supports,
    Tag,
    TurnResult,
    VerifyReport,
    build,
)

Progress = Callable[[Dict[str, Any]], None]


class _Answers:
    """What a call answers when the server asks."""

    def __init__(self, options: Optional[SessionOptions] = None, progress: Optional[Progress] = None) -> None:
        self.permission = None if options is None else options.on_permission
        self.tools = tools_of(None if options is None else options.tools)
        self.progress = progress

    async def give(self, child: Child, message: Document) -> None:
        """Calls back, and sends what comes of it. What the callback raises refuses the call."""
        params = message["params"]
        try:
            if message["method"] == "tool":
                result = await AsyncInbox.settled(self.tools[params["tool"]].run(**params["input"]))
            elif self.permission is None:
                result = "deny"
            else:
                result = await AsyncInbox.settled(self.permission(build(PermissionRequest, params)))
            child.send({"id": message["id"], "result": result})
        except ServerGoneError:
            pass  # Told by the inbox as well.
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            child.send({"id": message["id"], "error": {"code": -32603, "message": text}})


async def _events(child: Child, method: str, params: Document, answers: _Answers) -> AsyncIterator[Tuple[str, Any]]:
    """What a request leads to: its events, and last its result. Left early or interrupted, its turn is cancelled."""
    inbox = AsyncInbox()
    id = child.request(method, params, inbox)
    over = False
    try:
        while not over:
            kind, message = await inbox.get()
            if kind == "ask":
                await answers.give(child, message)
            elif kind == "event":
                yield kind, message["params"]["event"]
            elif kind == "progress" and answers.progress is not None:
                answers.progress(message["params"]["progress"])
            elif kind in ("answer", "gone"):
                over = True
                if kind == "gone":
                    raise ServerGoneError(message["message"])
                yield kind, unwrap(message)
    finally:
        if not over:
            await _cancelled(child, id, inbox)


async def _cancelled(child: Child, id: int, inbox: AsyncInbox) -> None:
    """Cancels a request, and waits for its end: then what it had come to is saved."""
    try:
        child.send({"method": "$cancel", "params": {"id": id}})
    except ServerGoneError:
        return
    while True:
        kind, message = await inbox.get()
        if kind in ("answer", "gone"):
            return
        if kind == "ask":
            child.send({"id": message["id"], "error": {"code": -32603, "message": "The turn was cancelled."}})


async def _call(child: Child, method: str, params: Document, answers: Optional[_Answers] = None) -> Any:
    async for kind, value in _events(child, method, params, answers or _Answers()):
        if kind == "answer":
            return value
    return None


async def _open(remote: Remote) -> Tuple[Child, str]:
    return remote.get() if remote.is_open else await AsyncInbox.aside(remote.get)


def _author(options: Dict[str, Any]) -> Dict[str, Any]:
    author = options.get("author")
    return {**options, "author": vars(author)} if isinstance(author, Author) else options


def _write_options(options: Dict[str, Any]) -> Dict[str, Any]:
    if "expected" not in options:
        return wire_options(_author(options))
    return {**wire_options(_author(options)), "expected": options["expected"]}


class SessionHandle:
    """A session held at a position; what it writes follows what it has seen. From ``store.open``."""

    def __init__(self, child: Child, found: Document) -> None:
        self._child = child
        self._name: str = found["handle"]
        self.id: str = found["id"]
        self.branch: str = found["branch"]
        self.checkpoint: Checkpoint = Checkpoint.of(found["checkpoint"])

    async def state(self) -> Document:
        """The state at the position."""
        found: Document = await _call(self._child, "handle.state", {"handle": self._name})
        return found

    async def save(self, state: Mapping[str, Any], **options: Any) -> Checkpoint:
        """Saves on top of the position, then moves there. Raises ConflictError when the branch is elsewhere."""
        return await self._write("handle.save", {"state": dict(state)}, options)

    async def append(self, addition: Mapping[str, Any], **options: Any) -> Checkpoint:
        """Appends on top of the position, then moves there. Raises ConflictError when the branch is elsewhere."""
        return await self._write("handle.append", {"addition": dict(addition)}, options)

    async def close(self) -> None:
        """Lets go of the position."""
        await _call(self._child, "handle.close", {"handle": self._name})

    async def _write(self, method: str, what: Document, options: Dict[str, Any]) -> Checkpoint:
        params = {"handle": self._name, **what, "options": _write_options(options)}
        found = await _call(self._child, method, params)
        self.branch = found["branch"]
        self.checkpoint = Checkpoint.of(found["checkpoint"])
        return self.checkpoint


class SessionStore:
    """What every store does. Options of writes: ``branch``, ``subject``, ``body``, ``author``, ``at``, ``key``, ``tag``,
    ``expected``, ``allow_empty``, ``kind``, ``trailers``.

    >>> with GitSessionStore("./sessions") as store:
    ...     session = store.load("my-review") or new_session("my-review")
    ...     session["messages"].append(new_message("user", "Read and analyze the codebase"))
    ...     store.save(session)
    """

    def __init__(self, params: Document) -> None:
        self._remote = store_remote(params)
        self._positions = Positions()

    async def supports(self) -> Supports:
        """What this store can do."""
        await _open(self._remote)
        return build(Supports, self._remote.info["supports"])

    async def type(self) -> str:
        """The type of the sessions that are saved here."""
        await _open(self._remote)
        return str(self._remote.info["type"])

    async def save(self, state: Dict[str, Any], **options: Any) -> Checkpoint:
        """Saves the whole state. Raises ConflictError, InvalidStateError."""
        child, store = await _open(self._remote)
        params: Document = {"store": store, "state": state, "options": _write_options(options)}
        position = self._positions.of(state, child)
        if position is None:
            params["hold"] = True
        else:
            params["position"] = position
        found = await _call(child, "store.save", params)
        if position is None:
            self._positions.hold(state, child, found["position"])
        return Checkpoint.of(found["checkpoint"])

    async def append(self, session: str, addition: Mapping[str, Any], **options: Any) -> Checkpoint:
        """Adds to a session without reading or writing the rest: ``{"messages": […], "runs": […], "set": {…}}``.

        Raises NotFoundError when there is no such session, ConflictError.
        """
        more = {"session": session, "addition": dict(addition), "options": _write_options(options)}
        return Checkpoint.of(await self._call("store.append", more))

    async def load(
        self,
        session: str,
        *,
        at: Optional[str] = None,
        branch: Optional[str] = None,
        last: Optional[int] = None,
        events: Optional[bool] = None,
    ) -> Optional[State]:
        """The state; ``None`` when there is no such session. Raises NotFoundError for an unknown revision.

        A state with ``last`` or ``events=False`` is a part, and cannot be saved.
        """
        child, store = await _open(self._remote)
        options = wire_options({"at": at, "branch": branch, "last": last, "events": events})
        found = await _call(child, "store.load", {"store": store, "session": session, "hold": True, "options": options})
        if found["state"] is None:
            return None
        state = State(found["state"])
        if "position" in found:
            self._positions.hold(state, child, found["position"])
        return state

    async def open(
        self, session: str, *, at: Optional[str] = None, branch: Optional[str] = None
    ) -> SessionHandle:
        """A handle at the tip of the branch, or at a revision. Raises NotFoundError."""
        child, store = await _open(self._remote)
        options = wire_options({"at": at, "branch": branch})
        found = await _call(child, "store.open", {"store": store, "session": session, "options": options})
        return SessionHandle(child, found)

    async def resolve(self, session: str, revision: str) -> str:
        """Id of the checkpoint that the revision names."""
        return str(await self._call("store.resolve", {"session": session, "revision": revision}))

    async def checkpoint(self, session: str, revision: Optional[str] = None) -> Checkpoint:
        """The checkpoint that the revision names; the newest of the active branch when none is given."""
        params = wire_options({"session": session, "revision": revision})
        return Checkpoint.of(await self._call("store.checkpoint", params))

    async def log(
        self,
        session: str,
        *,
        at: Optional[str] = None,
        limit: Optional[int] = None,
        steps: Optional[bool] = None,
        signatures: bool = False,
        allowed_signers: Optional[str] = None,
    ) -> AsyncIterator[Checkpoint]:
        """Checkpoints, newest first: turns, and with ``steps`` what is between them.

        ``signatures`` also tells who signed each of them: anyone, or with ``allowed_signers`` (the path of a file of
        allowed signers, which asks for signatures as well) only those.
        """
        options = wire_options({"at": at, "limit": limit, "steps": steps})
        if signatures or allowed_signers is not None:
            options["signatures"] = wire_options({"allowed_signers": allowed_signers})
        async for each in self._pages("store.log", {"session": session, "options": options}):
            yield Checkpoint.of(each)

    async def list(
        self,
        *,
        order: Optional[str] = None,
        prefix: Optional[str] = None,
        type: Optional[str] = None,
        after: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> AsyncIterator[SessionSummary]:
        """Sessions: newest first, or by ``id``."""
        given = {"order": order, "prefix": prefix, "type": type, "after": after, "limit": limit}
        async for each in self._pages("store.list", {"options": wire_options(given)}):
            yield SessionSummary.of(each)

    async def branches(self, session: str) -> List[Branch]:
        """In the order of their names."""
        return [build(Branch, each) for each in await self._call("store.branches", {"session": session})]

    async def tags(self, session: str) -> List[Tag]:
        """In the order of their names."""
        return [build(Tag, each) for each in await self._call("store.tags", {"session": session})]

    async def switch(self, session: str, branch: str) -> None:
        """Moves the active branch. Raises NotFoundError."""
        await self._call("store.switch", {"session": session, "branch": branch})

    async def fork(
        self,
        id: str,
        *,
        at: Optional[str] = None,
        branch: Optional[str] = None,
        session: Optional[str] = None,
        subject: Optional[str] = None,
        author: Optional[Author] = None,
    ) -> Checkpoint:
        """A new branch, or a new ``session``, that starts at a checkpoint. Raises AlreadyExistsError."""
        given = {"at": at, "branch": branch, "session": session, "subject": subject, "author": author}
        return Checkpoint.of(await self._call("store.fork", {"session": id, "options": wire_options(_author(given))}))

    async def tag(self, session: str, name: str, *, at: Optional[str] = None) -> Tag:
        """Names a checkpoint for good. Raises AlreadyExistsError."""
        params = {"session": session, "name": name, "options": wire_options({"at": at})}
        return build(Tag, await self._call("store.tag", params))

    async def diff(
        self, session: str, from_: str, to: Optional[str] = None, *, other: Optional[str] = None, patch: bool = False
    ) -> StateDiff:
        """What differs between two checkpoints, of one session or from it to an ``other``; ``patch``: also git's text."""
        params = {
            "from": {"session": session, "at": from_},
            "to": wire_options({"session": other or session, "at": to}),
            "patch": patch,
        }
        return _diff(await self._call("store.diff", params))

    async def run_events(
        self, session: str, run: str, *, after: Optional[int] = None, at: Optional[str] = None
    ) -> List[Document]:
        """Events of a run in order; only those with a sequence greater than ``after``."""
        params = {"session": session, "run": run, "options": wire_options({"after": after, "at": at})}
        found: List[Document] = await self._call("store.runEvents", params)
        return found

    async def exists(self, session: str) -> bool:
        """Whether there is such a session."""
        return bool(await self._call("store.exists", {"session": session}))

    async def delete(self, session: str, *, branch: Optional[str] = None, tag: Optional[str] = None) -> bool:
        """Deletes a session, or one branch or tag of it; says whether there was something to delete."""
        params = {"session": session, "options": wire_options({"branch": branch, "tag": tag})}
        return bool(await self._call("store.delete", params))

    async def verify(self, session: Optional[str] = None, *, on_progress: Optional[Progress] = None) -> VerifyReport:
        """Reads everything, and says what is damaged."""
        params = {**wire_options({"session": session}), "progress": on_progress is not None}
        return VerifyReport.of(await self._call("store.verify", params, on_progress))

    async def scan(
        self,
        session: Optional[str] = None,
        *,
        rules: Optional[str] = None,
        only: Optional[List[str]] = None,
        off: Optional[List[str]] = None,
        allow: Optional[List[str]] = None,
    ) -> AsyncIterator[FoundSecret]:
        """Secrets that a git store holds, each with its place and a masked excerpt. ``rules``: a gitleaks file."""
        options = wire_options({"rules": rules, "only": only, "off": off, "allow": allow})
        params = {**wire_options({"session": session}), "options": options}
        async for each in self._pages("store.scan", params):
            yield build(FoundSecret, each)

    async def maintain(self, *, purge: bool = False, on_progress: Optional[Progress] = None) -> MaintainReport:
        """Packs the store; with ``purge`` what was deleted is gone for good."""
        params = {"purge": purge, "progress": on_progress is not None}
        return build(MaintainReport, await self._call("store.maintain", params, on_progress))

    async def stats(self) -> StoreStats:
        """How much there is."""
        return build(StoreStats, await self._call("store.stats", {}))

    async def close(self) -> None:
        """Waits for what is under way. Every later call raises SessionClosedError."""
        if self._remote.is_open:
            await self._call("store.close", {})
        self._remote.closed = True

    async def __aenter__(self) -> "SessionStore":
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()

    async def _call(self, method: str, params: Document, progress: Optional[Progress] = None) -> Any:
        child, store = await _open(self._remote)
        return await _call(child, method, {"store": store, **params}, _Answers(None, progress))

    async def _pages(self, method: str, params: Document) -> AsyncIterator[Document]:
        child, store = await _open(self._remote)
        page = await _call(child, method, {"store": store, **params})
        cursor: Optional[str] = page.get("cursor")
        try:
            while True:
                for each in page["items"]:
                    yield each
                if cursor is None:
                    return
                page = await _call(child, "cursor.next", {"cursor": cursor})
                cursor = page.get("cursor")
        finally:
            if cursor is not None and child.gone is None and not self._remote.closed:
                await _call(child, "cursor.close", {"cursor": cursor})


def _store_params(kind: str, folder: Optional[str], options: Dict[str, Any]) -> Document:
    where = {} if folder is None else {"folder": os.path.abspath(folder)}
    return {"kind": kind, **where, **wire_options(_author(options))}


class GitSessionStore(SessionStore):
    """Sessions in a git repository: every save is a commit. The path becomes absolute at once.

    With ``redact="secrets"`` secrets are taken out of all that is saved. ``sign`` signs every checkpoint.
    """

    def __init__(
        self,
        folder: Union[str, "os.PathLike[str]"],
        *,
        type: Optional[str] = None,
        collections: Optional[List[str]] = None,
        author: Optional[Author] = None,
        redact: Optional[str] = None,
        sign: Optional[Signing] = None,
    ) -> None:
        options = {"type": type, "collections": collections, "author": author, "redact": redact}
        signing = {} if sign is None else {"sign": wire_options(asdict(sign))}
        super().__init__({**_store_params("git", os.fspath(folder), options), **signing})


class FileSessionStore(SessionStore):
    """One JSON file a session, without history. The path becomes absolute at once."""

    def __init__(
        self,
        folder: Union[str, "os.PathLike[str]"],
        *,
        type: Optional[str] = None,
        collections: Optional[List[str]] = None,
        author: Optional[Author] = None,
        redact: Optional[str] = None,
    ) -> None:
        options = {"type": type, "collections": collections, "author": author, "redact": redact}
        super().__init__(_store_params("file", os.fspath(folder), options))


class MemorySessionStore(SessionStore):
    """Sessions in the memory of the child process."""

    def __init__(
        self,
        *,
        type: Optional[str] = None,
        collections: Optional[List[str]] = None,
        author: Optional[Author] = None,
        redact: Optional[str] = None,
    ) -> None:
        options = {"type": type, "collections": collections, "author": author, "redact": redact}
        super().__init__(_store_params("memory", None, options))


class AgentSession:
    """One conversation of an agent. It does one thing at a time: a second one gets SessionBusyError at once."""

    def __init__(self, id: Optional[str], remote: Remote, options: SessionOptions) -> None:
        self._id = id
        self._remote = remote
        self._options = options

    async def id(self) -> str:
        """The session's id."""
        await _open(self._remote)
        return str(self._remote.info["id"])

    async def load(self) -> "AgentSession":
        """Loads the session, as every other call does. Raises AlreadyExistsError, NotFoundError."""
        await self._call("session.load", {})
        return self

    async def send(self, prompt: str) -> TurnResult:
        """A turn. Returns when it is over and saved: completed, cancelled or waiting.

        Raises ModelError, StepLimitError, SessionBusyError, or what the store raises; ``error.turn`` is what the turn
        had come to. Ctrl-C (here: cancelling the task) cancels the turn, which is saved as far as it came.
        """
        return TurnResult.of(await self._call("session.send", {"prompt": prompt}))

    async def stream(self, prompt: str) -> AsyncIterator[Document]:
        """A turn as it happens: events as dicts; the last is ``{"type": "result", "result": TurnResult}``.

        Whoever stops listening cancels the turn.
        """
        async for event in self._stream("session.stream", {"prompt": prompt}):
            yield event

    async def resume_run(self, run: str, *, decisions: Optional[Mapping[str, Any]] = None) -> TurnResult:
        """Goes on with a run that is interrupted, waiting or failed. Raises NotResumableError, and as ``send``."""
        params = {"run": run, "decisions": dict(decisions or {})}
        return TurnResult.of(await self._call("session.resumeRun", params))

    async def stream_run(self, run: str, *, decisions: Optional[Mapping[str, Any]] = None) -> AsyncIterator[Document]:
        """As ``resume_run``, as it happens."""
        async for event in self._stream("session.streamRun", {"run": run, "decisions": dict(decisions or {})}):
            yield event

    async def save(self, **options: Any) -> Checkpoint:
        """Saves what is not saved yet; options: ``branch``, ``subject``, ``body``, ``tag``, ``author``, ``key``."""
        return Checkpoint.of(await self._call("session.save", {"options": wire_options(_author(options))}))

    async def history(self) -> List[Document]:
        """Every message, oldest first. Raises NotLoadedError before the session is loaded."""
        found: List[Document] = await self._call("session.history", {})
        return found

    async def runs(self) -> List[RunInfo]:
        """Every run, oldest first, without its events."""
        return [RunInfo.of(each) for each in await self._call("session.runs", {})]

    async def run_events(self, run: str, *, after: Optional[int] = None) -> List[Document]:
        """The events of a run, in order; those with a sequence greater than ``after``. Raises NotFoundError."""
        found: List[Document] = await self._call("session.runEvents", wire_options({"run": run, "after": after}))
        return found

    async def current_run(self) -> Optional[RunInfo]:
        """The run that is under way."""
        run = (await self._call("session.info", {})).get("currentRun")
        return None if run is None else RunInfo.of(run)

    async def checkpoint(self) -> Optional[Checkpoint]:
        """The checkpoint that the session stands on; ``None`` before it is loaded or saved."""
        found = (await self._call("session.info", {})).get("checkpoint")
        return None if found is None else Checkpoint.of(found)

    async def branch(self) -> Optional[str]:
        """The branch that it saves to; ``None`` before it is loaded or saved."""
        found: Optional[str] = (await self._call("session.info", {})).get("branch")
        return found

    async def checkpoints(self, *, limit: Optional[int] = None, steps: Optional[bool] = None) -> List[Checkpoint]:
        """The checkpoints that led here, newest first."""
        found = await self._call("session.checkpoints", wire_options({"limit": limit, "steps": steps}))
        return [Checkpoint.of(each) for each in found]

    async def fork(
        self, *, at: Optional[str] = None, branch: Optional[str] = None, session_id: Optional[str] = None
    ) -> "AgentSession":
        """A session that starts at a checkpoint of this one: on a new branch, or as a new session."""
        child, _ = await _open(self._remote)
        params = wire_options({"at": at, "branch": branch, "session_id": session_id})
        found = await self._call("session.fork", params)
        remote = Remote("session", lambda: (child, found["session"], found))
        remote.get()
        return AgentSession(found["id"], remote, self._options)

    async def rewind(self, revision: str, *, branch: Optional[str] = None) -> Checkpoint:
        """Goes back to a checkpoint, on a branch of its own that becomes the active one. Raises NotFoundError."""
        params = wire_options({"revision": revision, "branch": branch})
        return Checkpoint.of(await self._call("session.rewind", params))

    async def diff(self, from_: str, to: Optional[str] = None, *, patch: bool = False) -> StateDiff:
        """What differs between two checkpoints; without the second, between the first and where it stands."""
        params = {**wire_options({"from": from_, "to": to}), "patch": patch}
        return _diff(await self._call("session.diff", params))

    async def cancel(self) -> bool:
        """Cancels the turn under way, and waits for its end. ``False`` when there is none."""
        return bool(await self._call("session.cancel", {}))

    async def close(self) -> None:
        """Cancels what is under way, and ends the session object; the session in the store stays."""
        if self._remote.is_open:
            await self._call("session.close", {})
        self._remote.closed = True

    async def __aenter__(self) -> "AgentSession":
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()

    async def _call(self, method: str, params: Document) -> Any:
        child, session = await _open(self._remote)
        return await _call(child, method, {"session": session, **params}, _Answers(self._options))

    async def _stream(self, method: str, params: Document) -> AsyncIterator[Document]:
        child, session = await _open(self._remote)
        async for kind, value in _events(child, method, {"session": session, **params}, _Answers(self._options)):
            yield value if kind == "event" else {"type": "result", "result": TurnResult.of(value)}


class Agent:
    """Models, tools and a policy, and the sessions that run with them.

    >>> agent = Agent.create("config.acl")
    >>> session = agent.session(".", SessionOptions(session_store=GitSessionStore("./sessions")))
    >>> session.send("What is in this folder?").text
    """

    def __init__(self, child: Child, name: str, options: SessionOptions) -> None:
        self._remote = Remote("agent", lambda: (child, name, {}))
        self._remote.get()
        self._options = options

    @staticmethod
    async def create(
        source: Union[str, "os.PathLike[str]", Mapping[str, Any]],
        *,
        session_store: Optional[SessionStore] = None,
        auto_save: Union[bool, str, None] = None,
        permission_policy: Optional[PermissionPolicy] = None,
        on_permission: Optional[Callable[[PermissionRequest], Any]] = None,
        on_conflict: Optional[str] = None,
        tools: Optional[Tools] = None,
        system_prompt: Optional[str] = None,
        max_steps: Optional[int] = None,
        store_deltas: Optional[bool] = None,
        env: Optional[Mapping[str, str]] = None,
        limits: Optional[Mapping[str, float]] = None,
        output_limit: Optional[int] = None,
    ) -> "Agent":
        """An agent from a configuration: its text, a path, or a dict of the same shape. Raises ConfigError.

        A string with a line feed, ``{`` or ``=`` is a text. What is given here holds for all its sessions, unless
        they say otherwise. ``env`` is that of ``env("NAME")`` and of commands; default ``os.environ``.
        """
        shared = SessionOptions(
            session_store=session_store,
            auto_save=auto_save,
            permission_policy=permission_policy,
            on_permission=on_permission,
            on_conflict=on_conflict,
            tools=tools,
            system_prompt=system_prompt,
            max_steps=max_steps,
            store_deltas=store_deltas,
        )
        options: Document = {**shared.wire([]), "env": dict(os.environ if env is None else env)}
        if limits is not None:
            options["limits"] = wire_options(limits)
        if output_limit is not None:
            options["outputLimit"] = output_limit
        given: Any = source
        if isinstance(source, Mapping):
            given = dict(source)
        elif not (isinstance(source, str) and any(each in source for each in "\n{=")):
            given = os.path.abspath(os.fspath(source))
        if session_store is None:
            child = await AsyncInbox.aside(current)
        else:
            child, options["sessionStore"] = await _open(session_store._remote)
        found = await _call(child, "agent.create", {"source": given, "options": options})
        return Agent(child, found["agent"], shared)

    def session(
        self, workspace: Union[str, "os.PathLike[str]"], options: Optional[SessionOptions] = None
    ) -> AgentSession:
        """A new session in a workspace; made by its first call, which raises AlreadyExistsError where the id is taken."""
        given = copy.copy(options or SessionOptions())
        folder = os.path.abspath(os.fspath(workspace))
        sent = {"workspace": folder, "options": given.wire(["at", "branch", "workspace"])}
        return self._session(given.session_id, "agent.session", sent, given)

    def resume_session(self, id: str, options: Optional[SessionOptions] = None) -> AgentSession:
        """A session that was saved; loaded by its first call, which raises NotFoundError where there is none."""
        given = copy.copy(options or SessionOptions())
        sent = {"id": id, "options": given.wire(["session_id", "if_exists", "title", "metadata"])}
        return self._session(id, "agent.resumeSession", sent, given)

    async def list_sessions(
        self,
        *,
        order: Optional[str] = None,
        prefix: Optional[str] = None,
        after: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> List[SessionSummary]:
        """The sessions of the agent's store, those saved last first."""
        child, agent = await _open(self._remote)
        options = wire_options({"order": order, "prefix": prefix, "after": after, "limit": limit})
        found = await _call(child, "agent.listSessions", {"agent": agent, "options": options})
        return [SessionSummary.of(each) for each in found]

    async def close(self) -> None:
        """Cancels what its sessions are doing, and waits for it. Stores stay open."""
        if self._remote.is_open:
            child, agent = await _open(self._remote)
            await _call(child, "agent.close", {"agent": agent})
        self._remote.closed = True

    async def __aenter__(self) -> "Agent":
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()

    def _session(self, id: Optional[str], method: str, sent: Document, given: SessionOptions) -> AgentSession:
        def params() -> Tuple[Child, Document]:
            child, agent = self._remote.get()
            if given.session_store is not None:
                options = {**sent["options"], "sessionStore": given.session_store._remote.get()[1]}
                return child, {**sent, "agent": agent, "options": options}
            return child, {**sent, "agent": agent}

        answers = copy.copy(given)
        answers.on_permission = given.on_permission or self._options.on_permission
        answers.tools = {**tools_of(self._options.tools), **tools_of(given.tools)}
        return AgentSession(id, Remote("session", opener("session", method, params)), answers)


def _diff(found: Document) -> StateDiff:
    return build(StateDiff, found, from_=found["from"])
