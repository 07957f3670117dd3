"""The program that forkpoint started from, as it stands."""

import os
import subprocess

from .support import FolderTest

BEGIN = """
from forkpoint import Agent, SessionOptions, PermissionPolicy, FileSessionStore
agent = Agent.create(open('config.acl').read())
opts = SessionOptions()
opts.permission_policy = PermissionPolicy(default_decision="allow")
opts.session_store = FileSessionStore('./sessions')
opts.session_id = 'my-session'
opts.auto_save = True
"""
FIRST = """
session = agent.session('.', opts)
session.send('Start working on the task')
"""
LATER = """
resumed = agent.resume_session('my-session', opts)
resumed.send('Continue where you left off')
"""
NODE = """
import { Agent, STORE } from 'forkpoint'
const agent = await Agent.create('config.acl')
const session = agent.resumeSession('my-session', { sessionStore: new STORE('./sessions') })
console.log((await session.send('From TypeScript')).text, session.history().length)
"""
COUNT = "print([message['content'] for message in resumed.history()])"


class ProgramTest(FolderTest):
    def run_in(self, store):
        config = self.model([{"text": f"Answer {number}."} for number in range(4)])
        with open(self.path("config.acl"), "w") as file:
            file.write(config)
        begin = BEGIN.replace("FileSessionStore", store)
        self.python(begin + FIRST)
        self.python(begin + LATER)
        self.assertEqual(self.node(NODE.replace("STORE", store)), "Answer 2. 6\n")
        said = self.python(begin + LATER + COUNT)
        prompts = ["Start working on the task", "Continue where you left off", "From TypeScript"]
        prompts.append("Continue where you left off")
        expected = [text for number, prompt in enumerate(prompts) for text in (prompt, f"Answer {number}.")]
        self.assertEqual(said, f"{expected}\n")

    def test_runs_in_two_processes_then_typescript_then_python_on_files(self):
        self.run_in("FileSessionStore")

    def test_and_on_git_where_git_log_shows_all_turns(self):
        self.run_in("GitSessionStore")
        git = ["git", f"--git-dir={os.path.join(self.folder, 'sessions')}", "log", "--format=%s", "--first-parent"]
        log = subprocess.run([*git, "my-session/main"], stdout=subprocess.PIPE, check=True).stdout.decode()
        self.assertEqual(len(log.splitlines()), 4)

    def test_runs_in_one_process(self):
        with open(self.path("config.acl"), "w") as file:
            file.write(self.model([]))
        self.python(BEGIN + FIRST + LATER)
