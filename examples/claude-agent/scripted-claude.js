// @ts-check
/**
 * Stands in for Claude Code, so that examples and tests need neither a network nor 300 MB: the SDK starts it as a
 * process of its own, and it speaks enough of the protocol to hold a conversation. Like the real one it writes a
 * transcript below CLAUDE_CONFIG_DIR, resumes from one, and mirrors each entry to the SDK, which hands it to your store.
 *
 *     query({ prompt, options: { pathToClaudeCodeExecutable: 'scripted-claude.js', sessionStore } })
 */
import { randomUUID } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

/** @typedef {Record<string, any>} Entry */

const option = (/** @type {string} */ name) =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3)

const resumed = option('resume')
const session_id = resumed ?? option('session-id') ?? randomUUID()
const folder = join(
  process.env.CLAUDE_CONFIG_DIR ?? '.',
  'projects',
  realpathSync('.').replace(/[^a-zA-Z0-9]/g, '-'),
)
const transcript = join(folder, `${session_id}.jsonl`)

/** @type {Entry[]} */
const history = existsSync(transcript)
  ? readFileSync(transcript, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  : []
if (resumed !== undefined && history.length === 0) {
  console.error(`No conversation found with session ID: ${resumed}`)
  process.exit(1)
}
let parent = history.findLast(({ uuid }) => uuid !== undefined)?.uuid ?? null
let replies = 0

const say = (/** @type {Entry} */ message) => process.stdout.write(`${JSON.stringify(message)}\n`)

/** Writes entries, then tells the SDK. @param {Entry[]} entries @param {string} file */
function keep(entries, file = transcript) {
  mkdirSync(dirname(file), { recursive: true })
  appendFileSync(file, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  if (file === transcript) history.push(...entries)
  if (process.argv.includes('--session-mirror')) say({ type: 'transcript_mirror', filePath: file, entries })
}

/** @param {Entry} fields @returns {Entry} */
function entry(fields) {
  const made = {
    parentUuid: parent,
    isSidechain: false,
    ...fields,
    uuid: randomUUID(),
    timestamp: new Date().toISOString(),
    cwd: process.cwd(),
    sessionId: session_id,
  }
  parent = made.uuid
  return made
}

/** @param {unknown[]} content @param {string} stop_reason */
function reply(content, stop_reason) {
  const id = `msg_${history.length}_${replies++}`
  const usage = { input_tokens: 1, output_tokens: 1 }
  const message = { id, type: 'message', role: 'assistant', model: 'scripted', content, stop_reason, usage }
  const made = entry({ type: 'assistant', message })
  say({ type: 'assistant', message, parent_tool_use_id: null, session_id, uuid: made.uuid })
  return made
}

const textOf = (/** @type {any} */ content) =>
  typeof content === 'string' ? content : content.map((/** @type {Entry} */ { text }) => text ?? '').join('')

const prompts = () =>
  history
    .filter(({ type, message }) => type === 'user' && textOf(message.content) !== '')
    .map(({ message }) => textOf(message.content))

/** @param {Entry} message */
function turn(message) {
  const started = Date.now()
  say({ type: 'system', subtype: 'init', session_id, cwd: process.cwd(), tools: ['Read'], model: 'scripted' })
  keep([entry({ type: 'user', message })])
  const asked = textOf(message.content)
  if (/^read /i.test(asked)) {
    const file = asked.slice(5)
    const id = `toolu_${randomUUID()}`
    keep([reply([{ type: 'tool_use', id, name: 'Read', input: { file } }], 'tool_use')])
    const content = [{ type: 'tool_result', tool_use_id: id, content: `what stands in ${file}` }]
    keep([entry({ type: 'user', message: { role: 'user', content } })])
  }
  if (/^ask an agent/i.test(asked)) {
    const file = join(folder, session_id, 'subagents', `agent-a${prompts().length}.jsonl`)
    const own = {
      isSidechain: true,
      agentId: `a${prompts().length}`,
      sessionId: session_id,
      uuid: randomUUID(),
    }
    keep([{ type: 'agent_metadata', agentType: 'general-purpose', description: asked }], file)
    keep([{ ...own, parentUuid: null, type: 'user', message: { role: 'user', content: asked } }], file)
  }
  const text = `You asked: ${prompts().join('; ')}.`
  keep([reply([{ type: 'text', text }], 'end_turn')])
  keep([{ type: 'last-prompt', lastPrompt: asked, sessionId: session_id }])
  const duration_ms = Date.now() - started
  say({
    ...{ type: 'result', subtype: 'success', is_error: false, result: text, num_turns: 1, session_id },
    ...{ duration_ms, duration_api_ms: 0, total_cost_usd: 0, usage: {}, uuid: randomUUID() },
  })
}

for await (const line of createInterface({ input: process.stdin })) {
  const { type, request_id, message } = JSON.parse(line)
  if (type === 'control_request') {
    const response = { subtype: 'success', request_id, response: { commands: [], models: [], account: {} } }
    say({ type: 'control_response', response })
  } else if (type === 'user') turn(message)
}
