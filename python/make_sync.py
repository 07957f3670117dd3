"""Writes ``forkpoint/_sync.py``: the classes of ``forkpoint/aio.py``, without asyncio. ``--check``: only compares."""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent / "forkpoint"
RULES = [
    (r"AsyncInbox", "SyncInbox"),
    (r"\basync (def|for|with) ", r"\1 "),
    (r"\bawait ", ""),
    (r"\bAsyncIterator\b", "Iterator"),
    (r"__aenter__", "__enter__"),
    (r"__aexit__", "__exit__"),
    (r" \(here: cancelling the task\)", ""),
    (r'\A""".*?"""', '"""The synchronous classes. Made from ``aio.py`` by ``make_sync.py``: change that file."""'),
]


def main() -> int:
    text = (HERE / "aio.py").read_text(encoding="utf-8")
    for pattern, replacement in RULES:
        text = re.sub(pattern, replacement, text, flags=re.S)
    target = HERE / "_sync.py"
    if "--check" in sys.argv:
        return 0 if target.read_text(encoding="utf-8") == text else 1
    target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
