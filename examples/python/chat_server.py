"""The skeleton of a chat server: every user has a session, turns of different users run side by side."""

import asyncio
import sys
import tempfile

from forkpoint import PermissionPolicy, SessionOptions, aio


async def answer(agent: aio.Agent, user: str, text: str) -> str:
    """What a handler of your web framework would await."""
    options = SessionOptions(session_id=f"chat-{user}", if_exists="resume")
    options.permission_policy = PermissionPolicy(default_decision="deny")
    async with agent.session(".", options) as session:
        said = ""
        async for event in session.stream(text):
            if event["type"] == "text-delta":
                said += event["text"]  # … or send it on, piece by piece
        return said


async def main(config: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with aio.GitSessionStore(folder + "/sessions") as store:
            async with await aio.Agent.create(config, session_store=store) as agent:
                print(await asyncio.gather(answer(agent, "ann", "Hello"), answer(agent, "ben", "Hello")))
                print(await answer(agent, "ann", "Hello again"))
                print([(each.id, each.messages) async for each in store.list(order="id")])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
