"""What stores and agents give back. Times are ISO 8601 text in UTC; what is absent is ``None``."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Tuple, Type, TypeVar

Document = Dict[str, Any]
T = TypeVar("T")


def camel(name: str) -> str:
    """``run_events`` as the protocol has it: ``runEvents``."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(part.capitalize() for part in rest)


def build(cls: Type[T], source: Document, **given: Any) -> T:
    """An object of a dataclass from the protocol's names; ``given`` goes on top."""
    known = {
        each.name: source[camel(each.name)]
        for each in fields(cls)
        if camel(each.name) in source
    }
    return cls(**{**known, **given})


class State(Dict[str, Any]):
    """The state of a session: a ``dict``, for which the store remembers where it was loaded or saved."""

    held: Any = None

    def __reduce_ex__(self, protocol: Any) -> Any:
        # A copy is another state, which no store has seen.
        return State, (dict(self),)


@dataclass(frozen=True)
class Author:
    """Who made a checkpoint."""

    name: str
    email: str


@dataclass(frozen=True)
class Signing:
    """How a git store signs its checkpoints: the path of an SSH key, and what happens where it cannot."""

    key: str
    mode: Optional[str] = None


@dataclass(frozen=True)
class Signature:
    """Who signed a checkpoint: ``status`` is ``good``, ``unknown`` or ``bad``, with a ``reason`` where it is not good."""

    status: str
    #: Fingerprint of the key.
    key: Optional[str] = None
    #: The allowed signer whose key it is.
    principal: Optional[str] = None
    reason: Optional[str] = None


@dataclass(frozen=True)
class FoundSecret:
    """A secret that is stored. It does not hold the secret."""

    ref: str
    where: str
    rule: str
    excerpt: str
    session: Optional[str] = None
    checkpoint: Optional[str] = None
    message: Optional[str] = None


@dataclass(frozen=True)
class Checkpoint:
    """One saved state; in a git store a commit, whose id this is."""

    id: str
    session: str
    branch: str
    parents: List[str]
    created_at: str
    subject: str
    body: str
    kind: str
    seq: int
    #: Numbers of the first and the last message that are new.
    messages: Optional[Tuple[int, int]] = None
    run: Optional[str] = None
    status: Optional[str] = None
    model: Optional[str] = None
    tokens: Optional[int] = None
    forked_from: Optional[Dict[str, str]] = None
    key: Optional[str] = None
    author: Optional[Author] = None
    #: Only where ``log`` was asked for it, and the checkpoint is signed.
    signature: Optional[Signature] = None

    @staticmethod
    def of(data: Document) -> Checkpoint:
        new, author, signature = data.get("messages"), data.get("author"), data.get("signature")
        return build(
            Checkpoint,
            data,
            messages=None if new is None else (new["from"], new["to"]),
            author=None if author is None else build(Author, author),
            signature=None if signature is None else build(Signature, signature),
        )


@dataclass(frozen=True)
class Branch:
    """A named line of checkpoints."""

    name: str
    head: str
    active: bool


@dataclass(frozen=True)
class Tag:
    """A name of a checkpoint, for good."""

    name: str
    checkpoint: str


@dataclass(frozen=True)
class Problem:
    """Something that ``verify`` or ``list`` found."""

    where: str
    message: str
    session: Optional[str] = None
    checkpoint: Optional[str] = None


@dataclass(frozen=True)
class SessionSummary:
    """One session of a list."""

    id: str
    type: str
    active_branch: str
    head: str
    messages: int
    created_at: str
    updated_at: str
    title: Optional[str] = None
    status: Optional[str] = None
    problem: Optional[Problem] = None

    @staticmethod
    def of(data: Document) -> SessionSummary:
        problem = data.get("problem")
        return build(SessionSummary, data, problem=None if problem is None else build(Problem, problem))


@dataclass(frozen=True)
class VerifyReport:
    """What ``verify`` found."""

    ok: bool
    checkpoints: int
    objects: int
    problems: List[Problem]
    foreign: List[Problem] = field(default_factory=list)

    @staticmethod
    def of(data: Document) -> VerifyReport:
        lists = {key: [build(Problem, each) for each in data.get(key, [])] for key in ("problems", "foreign")}
        return build(VerifyReport, data, **lists)


@dataclass(frozen=True)
class MaintainReport:
    """What ``maintain`` did."""

    native: bool
    packs_before: int
    packs_after: int
    bytes_before: int
    bytes_after: int


@dataclass(frozen=True)
class StoreStats:
    """How much there is in a store."""

    sessions: int
    branches: int
    tags: int
    objects: int
    packs: int
    loose_objects: int
    bytes: int


@dataclass(frozen=True)
class Supports:
    """What a store can do."""

    history: bool
    branches: bool
    patch: bool
    persistent: bool
    keys: bool
    switch: bool


@dataclass(frozen=True)
class StateDiff:
    """What differs between two checkpoints. ``patch`` is git's own text, where it was asked for."""

    from_: Dict[str, str]
    to: Dict[str, str]
    fields: List[Dict[str, Any]]
    messages: Dict[str, Any]
    runs: Dict[str, Any]
    collections: Dict[str, Any]
    patch: Optional[str] = None


@dataclass(frozen=True)
class PendingCall:
    """A tool call that waits for a decision."""

    call: str
    tool: str
    input: Any


@dataclass(frozen=True)
class RunInfo:
    """One ``send``, without its events. ``data`` has every field as it is stored."""

    id: str
    status: str
    prompt: str
    data: Document
    started_at: Optional[str] = None
    ended_at: Optional[str] = None
    result: Any = None
    error: Any = None
    usage: Dict[str, Any] = field(default_factory=dict)
    pending: List[PendingCall] = field(default_factory=list)

    @staticmethod
    def of(data: Document) -> RunInfo:
        pending = [build(PendingCall, each) for each in data.get("pending", [])]
        return build(RunInfo, data, pending=pending, data=data)


@dataclass(frozen=True)
class TurnResult:
    """What a turn came to."""

    text: str
    run: RunInfo
    usage: Dict[str, Any]
    checkpoint: Optional[Checkpoint] = None
    pending: List[PendingCall] = field(default_factory=list)
    #: ``from``, ``to``, ``expected``, ``actual``, when the turn was put on a branch of its own.
    branched: Optional[Dict[str, Any]] = None

    @staticmethod
    def of(data: Document) -> TurnResult:
        checkpoint = data.get("checkpoint")
        return build(
            TurnResult,
            data,
            run=RunInfo.of(data["run"]),
            checkpoint=None if checkpoint is None else Checkpoint.of(checkpoint),
            pending=[build(PendingCall, each) for each in data.get("pending", [])],
        )


@dataclass(frozen=True)
class PermissionRequest:
    """What ``on_permission`` is asked."""

    session: str
    run: str
    call: str
    tool: str
    input: Any
    rule: Optional[str] = None


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_session(id: str, **fields: Any) -> State:
    """A session without messages; ``fields`` go on top, by the names of the format (``createdAt``)."""
    at = _now()
    state: Document = {"schemaVersion": 1, "type": "session", "id": id, "status": "idle", "createdAt": at}
    state.update(updatedAt=at, config={}, usage={}, metadata={}, messages=[], runs=[])
    return State({**state, **fields})


def new_message(role: str, content: str, **fields: Any) -> Document:
    """A message with a random id; ``fields`` go on top."""
    message: Document = {"id": str(uuid.uuid4()), "role": role, "content": content, "createdAt": _now()}
    return {**message, **fields}


def new_run(prompt: str, **fields: Any) -> Document:
    """A running run with a random id; ``fields`` go on top."""
    run: Document = {"id": str(uuid.uuid4()), "status": "running", "prompt": prompt, "startedAt": _now()}
    return {**run, "events": [], **fields}
