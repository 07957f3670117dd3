// @ts-check
/**
 * The Claude Agent SDK with its sessions in git: a conversation, resumed from the store alone, a look at an earlier
 * checkpoint, and another way from there. A scripted process stands in for Claude Code: leave out
 * `pathToClaudeCodeExecutable` for the real one.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getSessionMessages, listSessions, query } from '@anthropic-ai/claude-agent-sdk'
import { ForkpointClaudeStore } from 'forkpoint/adapters/claude-agent'
import { inTemporaryFolder } from './temporary-folder.js'

const claude = fileURLToPath(new URL('claude-agent/scripted-claude.js', import.meta.url))

await inTemporaryFolder(async (folder) => {
  const cwd = join(folder, 'project')
  await mkdir(cwd)
  // What Claude Code keeps itself is gone after each query: all that is resumed comes from the store.
  process.env.CLAUDE_CONFIG_DIR = join(folder, 'gone')
  const sessionStore = new ForkpointClaudeStore(join(folder, 'sessions'))

  /** @param {string} prompt @param {string} [resume] */
  async function ask(prompt, resume) {
    let id = ''
    const options = { cwd, sessionStore, pathToClaudeCodeExecutable: claude, ...(resume && { resume }) }
    for await (const message of query({ prompt, options })) {
      if (message.type !== 'result' || message.subtype !== 'success') continue
      console.log(`> ${prompt}\n  ${message.result}`)
      id = message.session_id
    }
    return id
  }

  const sessionId = await ask('Read the parser')
  await ask('Which grammar is it?', sessionId)
  await ask('Rewrite it by hand', sessionId)

  const [listed] = await listSessions({ dir: cwd, sessionStore })
  const messages = await getSessionMessages(sessionId, { dir: cwd, sessionStore })
  console.log(`\n${messages.length} messages in "${listed?.summary}"; as git sees them:`)

  const key = await sessionStore.find(sessionId)
  if (key === undefined) throw new Error('It was mirrored a moment ago')
  for await (const { id, subject } of sessionStore.log(key)) console.log(`  ${id.slice(0, 10)}  ${subject}`)

  // One turn back, another way. One ref: nothing is copied, however long the session.
  await sessionStore.fork(key, { at: 'main~1', branch: 'generate-it' })
  await sessionStore.switch(key, 'generate-it')
  console.log('')
  await ask('Generate it', sessionId)
  for (const { name, active } of await sessionStore.branches(key)) {
    const entries = await sessionStore.load(key, { at: name })
    console.log(`${active ? '*' : ' '} ${name}: ${entries?.length} entries`)
  }
  await sessionStore.close()
})
