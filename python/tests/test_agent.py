import asyncio
import os
import signal
import subprocess
import sys
import time

from forkpoint import (
    Agent,
    AlreadyExistsError,
    ConfigError,
    GitSessionStore,
    MemorySessionStore,
    ModelError,
    NotLoadedError,
    NotResumableError,
    PermissionPolicy,
    SessionBusyError,
    SessionOptions,
    Tool,
    aio,
)

from .support import PACKAGE, FolderTest

CALL = {"calls": [{"id": "call00001", "name": "add", "input": {"a": 1, "b": 2}}]}


def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


class AgentTest(FolderTest):
    def agent(self, script, **options):
        options.setdefault("permission_policy", PermissionPolicy(default_decision="allow"))
        store = GitSessionStore(self.path("sessions"))
        agent = Agent.create(self.model(script), session_store=store, limits={"attempts": 1}, **options)
        self.addCleanup(store.close)
        self.addCleanup(agent.close)
        return agent

    def test_every_call_of_a_session(self):
        agent = self.agent([{"text": "One."}, {"text": "Two."}, {"text": "Three."}, {"text": "Four."}])
        session = agent.session(self.folder, SessionOptions(session_id="s", title="T"))
        with self.assertRaises(NotLoadedError):
            session.history()
        self.assertIsNone(session.checkpoint())
        session.load()
        first = session.send("1")
        self.assertEqual((first.text, first.run.status, first.checkpoint.seq), ("One.", "completed", 1))
        events = list(session.stream("2"))
        self.assertEqual(events[0]["type"], "run-start")
        self.assertEqual("".join(each["text"] for each in events if each["type"] == "text-delta"), "Two.")
        self.assertEqual(events[-1]["result"].text, "Two.")
        self.assertEqual([each.prompt for each in session.runs()], ["1", "2"])
        self.assertEqual(session.run_events(first.run.id, after=0)[0]["sequence"], 1)
        self.assertIsNone(session.current_run())
        self.assertEqual([each.seq for each in session.checkpoints(limit=5)], [2, 1])
        self.assertEqual((session.id(), session.branch(), session.checkpoint().seq), ("s", "main", 2))
        self.assertEqual(session.save(subject="by hand").seq, 2)
        self.assertEqual(len(session.diff("main~1").messages["added"]), 2)
        other = session.fork(at="main~1", branch="other")
        self.assertEqual((other.send("3").text, other.branch(), len(other.history())), ("Three.", "other", 4))
        self.assertEqual(session.fork(session_id="copy").id(), "copy")
        self.assertEqual(session.rewind("main~1", branch="back").seq, 1)
        self.assertEqual(session.branch(), "back")
        self.assertFalse(session.cancel())
        with self.assertRaises(NotResumableError):
            session.resume_run(first.run.id)
        with self.assertRaises(NotResumableError):
            list(session.stream_run(first.run.id))
        with self.assertRaises(AlreadyExistsError):
            agent.session(self.folder, SessionOptions(session_id="s")).load()
        self.assertEqual({each.id for each in agent.list_sessions()}, {"s", "copy"})
        session.close()

    def test_a_configuration_is_a_text_a_path_or_a_dict(self):
        text = self.model([])
        with open(self.path("c.acl"), "w") as file:
            file.write(text)
        url = text.split('base_url = "')[1].split('"')[0]
        config = {"providers": {"test": {"base_url": url, "models": {"m": {}}}}}
        for source in (text, self.path("c.acl"), config):
            with Agent.create(source) as agent:
                self.assertEqual(agent.session(self.folder).send("Hi").text, "Done.")
        with self.assertRaises(ConfigError) as raised:
            Agent.create("default_model = ")
        self.assertEqual(raised.exception.line, 1)
        with self.assertRaises(AttributeError):
            SessionOptions().sesion_id = "x"

    def test_questions_and_tools_run_on_the_calling_thread_and_may_call_back(self):
        import threading

        asked = []

        def on_permission(request):
            asked.append((request.tool, request.input, threading.current_thread() is threading.main_thread()))
            asked.append(session.current_run().status)
            with self.assertRaises(SessionBusyError):
                session.send("Another")
            return "allow"

        agent = self.agent(
            [CALL, {"text": "3"}],
            permission_policy=PermissionPolicy(default_decision="ask"),
            on_permission=on_permission,
            tools={"add": add},
        )
        session = agent.session(self.folder)
        self.assertEqual(session.send("1 + 2?").text, "3")
        self.assertEqual(asked, [("add", {"a": 1, "b": 2}, True), "running"])
        self.assertIn("3", str(session.history()[2]))

    def test_a_tool_that_raises_tells_the_model_and_a_deferred_call_waits(self):
        def fails(a, b):
            raise ValueError("no numbers today")

        agent = self.agent([CALL, {"text": "Sorry."}, CALL, {"text": "3"}], tools={"add": Tool(fails, "Adds.")})
        session = agent.session(self.folder)
        self.assertEqual(session.send("1 + 2?").text, "Sorry.")
        self.assertIn("no numbers today", str(session.history()))
        options = SessionOptions(
            on_permission=lambda request: "defer",
            permission_policy=PermissionPolicy(default_decision="ask"),
            tools={"add": add},
            session_id="later",
        )
        waiting = agent.session(self.folder, options)
        result = waiting.send("1 + 2?")
        self.assertEqual((result.run.status, result.pending[0].tool), ("waiting", "add"))
        done = waiting.resume_run(result.run.id, decisions={result.pending[0].call: "allow"})
        self.assertEqual(done.text, "3")

    def test_a_failed_turn_is_an_error_with_the_turn(self):
        agent = self.agent([{"fault": {"kind": "status", "status": 400}}])
        with self.assertRaises(ModelError) as raised:
            agent.session(self.folder).send("Go")
        self.assertEqual((raised.exception.reason, raised.exception.turn.run.status), ("refused", "failed"))

    def test_whoever_leaves_a_stream_cancels_its_turn(self):
        agent = self.agent([{"text": ["I ", "am "], "fault": {"kind": "hang"}}, {"text": "Back."}])
        session = agent.session(self.folder)
        for event in session.stream("Go"):
            if event["type"] == "text-delta":
                break
        del event
        import gc

        gc.collect()
        self.assertEqual(session.runs()[0].status, "cancelled")
        self.assertEqual(session.send("Again").text, "Back.")

    def test_ctrl_c_cancels_the_turn_which_is_saved(self):
        with open(self.path("config.acl"), "w") as file:
            file.write(self.model([{"text": ["I ", "am "], "fault": {"kind": "hang"}}]))
        program = (
            "from forkpoint import *\n"
            "agent = Agent.create('config.acl', session_store=GitSessionStore('sessions'))\n"
            "session = agent.session('.', SessionOptions(session_id='s'))\n"
            "session.load()\nprint('ready', flush=True)\n"
            "try: session.send('Go')\n"
            "except KeyboardInterrupt: print(session.runs()[-1].status, flush=True)\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": PACKAGE},
            stdout=subprocess.PIPE,
        )
        process.stdout.readline()
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.communicate(timeout=30)[0], b"cancelled\n")
        with GitSessionStore(self.path("sessions")) as store:
            self.assertEqual(store.load("s")["runs"][0]["status"], "cancelled")


class AsyncTest(FolderTest):
    def test_the_twin_does_the_same(self):
        config = self.model([{"text": "One."}, {"text": "Two."}, CALL, {"text": "3"}])

        async def program():
            async with aio.GitSessionStore(self.path("sessions")) as store:
                agent = await aio.Agent.create(config, session_store=store)
                session = agent.session(self.folder, SessionOptions(session_id="s"))
                self.assertEqual((await session.send("1")).text, "One.")
                events = [event async for event in session.stream("2")]
                self.assertEqual(events[-1]["result"].text, "Two.")
                self.assertEqual(len([each async for each in store.log("s")]), 2)

                async def on_permission(request):
                    await asyncio.sleep(0.01)
                    return "allow"

                async def add_later(a: int, b: int) -> int:
                    await asyncio.sleep(0.01)
                    return a + b

                options = SessionOptions(on_permission=on_permission, tools={"add": add_later})
                other = agent.session(self.folder, options)
                self.assertEqual((await other.send("1 + 2?")).text, "3")
                await agent.close()

        asyncio.run(program())

    def test_cancelling_a_task_cancels_its_turn(self):
        config = self.model([{"text": ["I ", "am "], "fault": {"kind": "hang"}}])

        async def program():
            async with aio.MemorySessionStore() as store:
                agent = await aio.Agent.create(config, session_store=store)
                session = agent.session(self.folder)
                await session.load()
                task = asyncio.ensure_future(session.send("Go"))
                await asyncio.sleep(0.5)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                self.assertEqual((await session.runs())[0].status, "cancelled")

        asyncio.run(program())

    def test_it_is_made_from_one_text(self):
        make = os.path.join(PACKAGE, "make_sync.py")
        self.assertEqual(subprocess.run([sys.executable, make, "--check"]).returncode, 0)
        self.assertTrue(MemorySessionStore)
