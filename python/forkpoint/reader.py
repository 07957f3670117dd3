"""A reader without Node.js: sessions of a git store, read with the ``git`` binary alone, as ``docs/format.md`` says.

It needs nothing else of this package. After a power loss, open the store once with forkpoint before reading.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
from typing import Any, Dict, Iterator, List, Optional, Tuple

_PAGE = re.compile(r"^[^/]+/\d{4,}/\d{6,}-turn-\d+\.md$")
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")


def read(folder: str, session: str, at: Optional[str] = None) -> Optional[Dict[str, Any]]:
    """The state of a session; ``None`` when there is no such session.

    ``at`` is a branch, a tag, a checkpoint's id or a prefix of it, with ``~3`` or ``^`` behind it; default: the active
    branch. Raises LookupError for a store or revision that does not exist, ValueError for what is no session of format 1.

    >>> read("./sessions", "my-review", at="main~1")["messages"][-1]["content"]
    """
    git = _Git(folder)
    commit = git.commit(session, at)
    return None if commit is None else _document(git, commit, session)


def log(folder: str, session: str, at: Optional[str] = None) -> Iterator[Dict[str, str]]:
    """The turns that led to a checkpoint, newest first: ``id``, ``subject``, ``body``, and the trailers of the commit
    without their prefix (``Seq``, ``Kind``, ``Branch``, ``At`` …). Raises LookupError.

    >>> for turn in log("./sessions", "my-review"): print(turn["id"][:7], turn["subject"])
    """
    git = _Git(folder)
    commit = git.commit(session, at)
    if commit is None:
        raise LookupError(f"There is no session '{session}'.")
    for id in git.run("log", "--first-parent", "--format=%H", commit).decode().split():
        message = git.run("cat-file", "commit", id).decode("utf-8", "replace").split("\n\n", 1)[-1].rstrip("\n")
        text, _, block = message.rpartition("\n\n")
        lines = [re.match(r"Forkpoint-([\w-]+): (.*)$", line) for line in block.split("\n")]
        found = {each.group(1): _decoded(each.group(2)) for each in lines if each is not None}
        if len(found) != len(lines) or "Format" not in found:
            text, found = message, {"Kind": "foreign"}
        if found.get("Kind") == "step":
            continue
        subject, _, body = text.partition("\n")
        yield {"id": id, "subject": subject, "body": body.strip("\n"), **found}


def ref_part(name: str) -> str:
    """A name as one part of a ref's path (section "Names")."""
    letters = re.findall(r"[A-Za-z]", name)
    mask = int("".join(str(int(letter <= "Z")) for letter in letters) or "0", 2)
    capitals = "" if mask == 0 else "+" if mask == 2 ** len(letters) - 1 else "+%x" % mask
    data = name.encode("utf-8").lower()
    text = "".join(chr(byte) if re.match(r"[a-z0-9_.-]", chr(byte)) else "%%%02x" % byte for byte in data)
    text = re.sub(r"^\.|\.$|\.(?=\.)", "%2e", text)
    text = re.sub(r"\.lock$", "%2elock", text)
    if re.match(r"[_-]", text) or _DEVICES.match(text):
        text = "%%%02x" % ord(text[0]) + text[1:]
    if len(text + capitals) > 200:
        start = re.sub(r"%.?$", "", text[:100]).rstrip(".")
        return f"{start}%-{hashlib.sha1(name.encode('utf-8')).hexdigest()}"
    return text + capitals


def _session_part(session: str) -> str:
    return session if re.search(r"%-[0-9a-f]{40}$", session) else ref_part(session)


class _Git:
    def __init__(self, folder: str) -> None:
        if not os.path.isfile(os.path.join(folder, "HEAD")):
            raise LookupError(f"There is no store at '{folder}'.")
        self._command = ["git", f"--git-dir={os.path.abspath(folder)}"]
        done = subprocess.run([*self._command, "config", "forkpoint.format"], stdout=subprocess.PIPE)
        if int(done.stdout.strip() or b"1") > 1:
            raise ValueError(f"'{folder}' is of a newer format ({done.stdout.decode().strip()}).")

    def run(self, *words: str, input: Optional[bytes] = None, problem: str = "") -> bytes:
        done = subprocess.run([*self._command, *words], input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise LookupError(problem or done.stderr.decode("utf-8", "replace").strip())
        return done.stdout

    def commit(self, session: str, at: Optional[str]) -> Optional[str]:
        part = _session_part(session)
        heads = self.run("for-each-ref", "--format=%(refname)", f"refs/heads/{part}/").decode().split()
        if not any(not ref.rpartition("/")[2].startswith("_") for ref in heads):
            return None
        match = re.match(r"(.*?)((?:[~^]\d*)*)$", at or "", re.S)
        name, steps = match.groups() if match is not None else ("", "")
        if name == "":
            try:
                start = self.run("symbolic-ref", f"refs/forkpoint/active/{part}").decode().strip()
            except LookupError:
                start = f"refs/heads/{part}/main"
        else:
            refs = [f"refs/heads/{part}/{ref_part(name)}", f"refs/tags/{part}/{ref_part(name)}"]
            known = self.run("for-each-ref", "--format=%(refname)", *refs).decode().split()
            start = next((ref for ref in refs if ref in known), name if re.match(r"[0-9a-f]{4,40}$", name) else refs[0])
        words = "rev-parse", "--verify", "--end-of-options", f"{start}{steps}^{{commit}}"
        return self.run(*words, problem=f"There is no revision '{at}' in session '{session}'.").decode().strip()

    def files(self, commit: str) -> Dict[str, bytes]:
        """Every plain file by its path, but for the pages of turns."""
        listed = self.run("ls-tree", "-r", "-z", commit).decode("utf-8", "surrogateescape").split("\0")
        entries = [line.split("\t", 1) for line in listed if line.startswith("100644 blob ")]
        entries = [(head, path) for head, path in entries if not _PAGE.search(path)]
        ids = "".join(head.split(" ")[2] + "\n" for head, _ in entries)
        output, position, found = self.run("cat-file", "--batch", input=ids.encode()), 0, {}
        for _, path in entries:
            end = output.index(b"\n", position)
            size = int(output[position:end].split(b" ")[2])
            found[path] = output[end + 1 : end + 1 + size]
            position = end + 2 + size
        return found


def _document(git: _Git, commit: str, session: str) -> Dict[str, Any]:
    files = git.files(commit)
    if "session.json" not in files:
        raise ValueError(f"{commit} is no checkpoint of a session: it has no session.json.")
    document: Dict[str, Any] = {}
    for name in ("session.json", "config.json"):
        if name in files:
            document.update(_Values(files, "", name[: -len(".json")]).restored(_json(files[name])))
    items: Dict[str, Dict[int, Any]] = {}
    logs: Dict[Tuple[str, int], Tuple[str, List[Tuple[str, str]]]] = {}
    for path in files:
        match = re.match(r"([^/]+)/(?:\d\dxxxx/)?\d{4}/(\d{6})((?:-[a-z0-9_-]{1,24})?\.json|/run\.json|/item\.json)$", path)
        if match is not None:
            folder, _, file = path.rpartition("/")
            values = _Values(files, f"{folder}/", file[: -len(".json")])
            item = values.restored(_json(files[path]), match.group(1) == "messages")
            items.setdefault(match.group(1), {})[int(match.group(2))] = item
            continue
        match = re.match(r"([^/]+)/(?:\d\dxxxx/)?\d{4}/(\d{6})/([^/]+)/(\d{6,})\.jsonl$", path)
        if match is not None:
            collection, number, name, segment = match.groups()
            logs.setdefault((collection, int(number)), (name, []))[1].append((segment, path))
    for (collection, number), (name, segments) in logs.items():
        if number in items.get(collection, {}):
            lines: List[Any] = []
            for segment, path in sorted(segments, key=lambda each: int(each[0])):
                values = _Values(files, path.rpartition("/")[0] + "/", segment)
                lines += [values.restored(_json(line)) for line in files[path].split(b"\n") if line]
            items[collection][number][name] = lines
    for collection, numbered in items.items():
        document[collection] = [numbered[number] for number in sorted(numbered)]
    # What lies below a fork has the id of its source; a short form stands for a name, and the document has the whole one.
    if not isinstance(document.get("id"), str) or ref_part(document["id"]) != _session_part(session):
        document["id"] = session
    return document


def _json(text: bytes) -> Any:
    return json.loads(text, parse_int=_integer)


def _integer(text: str) -> Any:
    number = int(text)
    return float(text) if abs(number) > 2**53 or text == "-0" else number


class _Values:
    """Values of one JSON file, without their markers."""

    def __init__(self, files: Dict[str, bytes], folder: str, stem: str) -> None:
        self._files, self._folder, self._stem = files, folder, stem

    def restored(self, value: Any, is_message: bool = False) -> Any:
        if isinstance(value, list):
            return [self.restored(each) for each in value]
        if not isinstance(value, dict):
            return value
        if "$lines" in value:
            return "\n".join(value["$lines"])
        if "$file" in value:
            content = self._files[self._folder + value["$file"]]
            return base64.b64encode(content).decode() if value.get("encoding") == "base64" else content.decode("utf-8")
        restored = {
            (key[1:] if re.match(r"\$\$+(lines|file|parts)$", key) else key): self.restored(inner)
            for key, inner in value.items()
        }
        if is_message and value.get("content") == {"$parts": "text"}:
            texts = [part.get("text") for part in restored["parts"] if part.get("type") == "text"]
            restored["content"] = "".join(text for text in texts if isinstance(text, str))
        return restored


def _decoded(text: str) -> str:
    raw = re.sub(rb"%([0-9a-fA-F]{2})", lambda match: bytes([int(match.group(1), 16)]), text.encode("utf-8"))
    return raw.decode("utf-8", "replace")
