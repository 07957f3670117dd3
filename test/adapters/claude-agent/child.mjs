/** What the tests run as a process of its own: `node child.mjs <what> <folder> [argument …]`. */
import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { ForkpointClaudeStore } from 'forkpoint/adapters/claude-agent'

// The SDK of this repository, or one that has its binary beside it.
const real = process.env.FORKPOINT_TEST_REAL_CLAUDE === '1'
const from = real ? `${process.env.FORKPOINT_CLAUDE_AGENT_SDK}/` : import.meta.url
const { query } = await import(createRequire(from).resolve('@anthropic-ai/claude-agent-sdk'))

const [what, folder, ...rest] = process.argv.slice(2)
const claude = fileURLToPath(new URL('../../../examples/claude-agent/scripted-claude.js', import.meta.url))
const sessionStore = new ForkpointClaudeStore(folder)

const work = {
  /** One prompt by the SDK's own `query`; a `branch` is made first, at the turn with that subject. Claude Code itself may be a real one. */
  async ask([prompt, flush, resume, subject, branch]) {
    if (branch) {
      const key = await sessionStore.find(resume)
      let at
      for await (const turn of sessionStore.log(key)) if (turn.subject === subject) at = turn.id
      await sessionStore.fork(key, { at, branch })
      await sessionStore.switch(key, branch)
    }
    const said = { errors: [] }
    const options = {
      ...{ sessionStore, sessionStoreFlush: flush },
      ...(real
        ? { permissionMode: 'bypassPermissions', allowDangerouslySkipPermissions: true }
        : { pathToClaudeCodeExecutable: claude }),
      ...(resume && { resume }),
    }
    for await (const message of query({ prompt, options })) {
      if (message.subtype === 'mirror_error') said.errors.push(message.error)
      if (message.type === 'result') Object.assign(said, { id: message.session_id, result: message.result })
    }
    console.log(JSON.stringify(said))
  },

  /** Appends until it is killed; says each number that was acknowledged. */
  async save([from]) {
    const key = { projectKey: 'p', sessionId: 'crash' }
    for (let n = Number(from); ; n++) {
      const uuid = `uuid-${n}`
      const entries = [{ type: 'user', uuid, n, message: { role: 'user', content: `prompt ${n}` } }]
      if (n % 3 === 0)
        entries.push({ type: 'mode', n }, { ...reply(`answer ${n}`), uuid: `${uuid}-answer`, n })
      await sessionStore.append(n % 5 === 0 ? { ...key, subpath: 'subagents/agent-a' } : key, entries)
      process.stdout.write(`${n}\n`)
    }
  },

  /** Many appends beside other processes; every one also sends what all the others send. */
  async share([name, count]) {
    const key = { projectKey: 'p', sessionId: 'shared' }
    for (let n = 0; n < Number(count); n++) {
      await sessionStore.append(key, [
        { type: 'user', uuid: randomUUID(), name, n },
        { type: 'mode', name, n },
        { type: 'user', uuid: `shared-${n}`, n },
      ])
      await sessionStore.append({ ...key, subpath: `subagents/agent-${name}` }, [{ type: 'x', n }])
    }
  },
}

const reply = (text) => ({
  type: 'assistant',
  message: { role: 'assistant', content: [{ type: 'text', text }], stop_reason: 'end_turn' },
})

await work[what](rest)
await sessionStore.close()
