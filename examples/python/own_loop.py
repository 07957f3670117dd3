"""A loop of your own, or of a framework such as LangGraph, that appends its messages; a retry does no harm."""

import tempfile

import forkpoint
from forkpoint import GitSessionStore, new_message, new_session


def model(messages: list) -> str:
    """Stands for a call of yours."""
    return f"That was prompt {len(messages) // 2 + 1}."


with tempfile.TemporaryDirectory() as folder:
    with GitSessionStore(folder + "/sessions") as store:
        state = new_session("loop")
        store.save(state)
        for turn, prompt in enumerate(["One", "Two"]):
            asked = new_message("user", prompt)
            said = new_message("assistant", model(state["messages"]))
            state["messages"] += [asked, said]
            for _ in range(2):  # the second is a retry: the key makes it harmless
                store.append("loop", {"messages": [asked, said]}, key=f"turn-{turn}")

    # Git alone is enough to read it again.
    for turn in forkpoint.log(folder + "/sessions", "loop"):
        print(turn["id"][:7], turn["subject"])
    print([each["content"] for each in forkpoint.read(folder + "/sessions", "loop")["messages"]])
