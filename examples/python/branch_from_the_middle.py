"""A session, a branch from its middle, and a review of what differs."""

import tempfile

from forkpoint import GitSessionStore, new_message, new_session

with tempfile.TemporaryDirectory() as folder, GitSessionStore(folder + "/sessions") as store:
    store.save(new_session("plan", title="Pick a database"))
    for text in ("Which database fits?", "Postgres.", "Write the migration."):
        store.append("plan", {"messages": [new_message("user", text)]})

    store.fork("plan", at="main~1", branch="try-sqlite")
    other = store.open("plan", branch="try-sqlite")
    other.append({"messages": [new_message("user", "And with SQLite?")]})

    for branch in store.branches("plan"):
        print(f"{branch.name}: {[turn.subject for turn in store.log('plan', at=branch.name)]}")

    diff = store.diff("plan", "main", "try-sqlite", patch=True)
    print("only on main:", [each["item"]["content"] for each in diff.messages["removed"]])
    print("only on try-sqlite:", [each["item"]["content"] for each in diff.messages["added"]])
    print((diff.patch or "").splitlines()[0])
