// @ts-check
/** Large session files of other tools, of made-up turns: what agents do for hours, and nothing that anybody said. */
import { closeSync, openSync, writeSync } from 'node:fs'

const WORDS =
  `the parser reads one token at a time and keeps its place so an error names line column of source file when a
branch moves while two writers hold locks journal commit pack index tree object cache test fails returns value const
function await import export if else for of null undefined string number map set path name folder state turn message
checks result before after between until every never always store session checkpoint restores writes appends`.split(
    /\s+/,
  )

/** Numbers that look random and are the same each time. @param {number} seed */
function numbers(seed) {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state
  }
}

/** Prose or code of about so many characters. @param {() => number} next @param {number} size */
function text(next, size) {
  const parts = []
  for (let length = 0; length < size; ) {
    const word = /** @type {string} */ (WORDS[(next() >>> 8) % WORDS.length])
    const odd = (next() >>> 8) % 12
    const piece = odd === 0 ? `${word}${next() % 1000}\n` : odd === 1 ? `"${word}", ` : `${word} `
    parts.push(piece)
    length += piece.length
  }
  return parts.join('')
}

/** @param {number} number */
const idOf = (number) => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`

/** @param {number} number */
const timeOf = (number) => new Date(Date.UTC(2026, 0, 1) + number * 900).toISOString()

/**
 * Writes turns, of fifteen calls of tools each, until the file has so many bytes, or lines.
 *
 * @param {'codex' | 'claude-code'} tool
 * @param {string} path
 * @param {{ bytes?: number, lines?: number, output?: number }} limits `output`: characters of a tool's output
 */
export function writeToolFile(
  tool,
  path,
  { bytes = Number.POSITIVE_INFINITY, lines = Number.POSITIVE_INFINITY, output = 2500 },
) {
  const file = openSync(path, 'w')
  const next = numbers(7)
  const turns = tool === 'codex' ? rollout(next, output) : transcript(next, output)
  let [written, count] = [0, 0]
  try {
    for (const turn of turns) {
      if (written >= bytes || count >= lines) return
      count += turn.length
      written += writeSync(file, turn.map((line) => `${JSON.stringify(line)}\n`).join(''))
    }
  } finally {
    closeSync(file)
  }
}

/** @param {() => number} next @param {number} output @returns {Generator<object[]>} */
function* rollout(next, output) {
  let at = 0
  /** @param {string} type @param {object} payload */
  const line = (type, payload) => ({ timestamp: timeOf(at++), type, payload })
  const meta = {
    id: idOf(1),
    timestamp: timeOf(0),
    cwd: '/home/ann/project',
    originator: 'codex_cli_rs',
    cli_version: '0.118.0',
  }
  yield [line('session_meta', { ...meta, source: 'cli', model_provider: 'openai' })]
  for (let turn = 1; ; turn++) {
    const asked = text(next, 200)
    const id = idOf(turn)
    const lines = [
      line('event_msg', { type: 'task_started', turn_id: id, model_context_window: 258_400 }),
      line('turn_context', {
        turn_id: id,
        cwd: '/home/ann/project',
        approval_policy: 'on-request',
        model: 'gpt-5.4',
      }),
      line('response_item', {
        type: 'message',
        role: 'user',
        content: [{ type: 'input_text', text: asked }],
      }),
      line('event_msg', { type: 'user_message', message: asked, images: [] }),
    ]
    for (let n = 0; n < 15; n++) {
      const call = `call_${turn}_${n}`
      const said = text(next, 300)
      const cmd = text(next, 120)
      const printed = text(next, (next() >>> 8) % (2 * output))
      lines.push(
        line('response_item', { type: 'reasoning', summary: [], content: null }),
        line('event_msg', { type: 'agent_message', message: said, phase: 'commentary' }),
        line('response_item', {
          type: 'message',
          role: 'assistant',
          content: [{ type: 'output_text', text: said }],
        }),
        line('response_item', {
          type: 'function_call',
          name: 'exec_command',
          arguments: JSON.stringify({ cmd, workdir: '/home/ann/project' }),
          call_id: call,
        }),
        line('event_msg', {
          type: 'exec_command_end',
          call_id: call,
          turn_id: id,
          command: ['/bin/zsh', '-lc', cmd],
          cwd: '/home/ann/project',
          aggregated_output: printed,
          exit_code: 0,
        }),
        line('response_item', {
          type: 'function_call_output',
          call_id: call,
          output: `Process exited with code 0\nOutput:\n${printed}`,
        }),
        line('event_msg', {
          type: 'token_count',
          info: {
            total_token_usage: {
              input_tokens: at * 900,
              cached_input_tokens: at * 800,
              output_tokens: at * 20,
              reasoning_output_tokens: at * 5,
              total_tokens: at * 920,
            },
            model_context_window: 258_400,
          },
        }),
      )
    }
    lines.push(line('event_msg', { type: 'task_complete', turn_id: id, last_agent_message: null }))
    yield lines
  }
}

/** @param {() => number} next @param {number} output @returns {Generator<object[]>} */
function* transcript(next, output) {
  let at = 0
  /** @type {string | null} */
  let parentUuid = null
  /** @param {object} entry */
  const line = (entry) => {
    const uuid = idOf(++at)
    const shared = {
      userType: 'external',
      cwd: '/home/ann/project',
      sessionId: idOf(0),
      version: '2.1.136',
      gitBranch: 'main',
    }
    const whole = { parentUuid, isSidechain: false, ...entry, uuid, timestamp: timeOf(at), ...shared }
    parentUuid = uuid
    return whole
  }
  for (let turn = 1; ; turn++) {
    const lines = [line({ type: 'user', message: { role: 'user', content: text(next, 200) } })]
    for (let n = 0; n < 15; n++) {
      const call = `toolu_${turn}_${n}`
      const printed = text(next, (next() >>> 8) % (2 * output))
      const usage = {
        input_tokens: 6,
        cache_creation_input_tokens: 900,
        cache_read_input_tokens: at * 100,
        output_tokens: 80,
        service_tier: 'standard',
      }
      /** @param {object} block @param {string | null} stop_reason */
      const reply = (block, stop_reason) =>
        line({
          type: 'assistant',
          message: {
            model: 'claude-opus-4-7',
            id: `msg_${turn}_${n}`,
            type: 'message',
            role: 'assistant',
            content: [block],
            stop_reason,
            stop_sequence: null,
            usage,
          },
          requestId: `req_${turn}_${n}`,
        })
      lines.push(
        reply(
          { type: 'thinking', thinking: '', signature: Buffer.from(text(next, 600)).toString('base64') },
          null,
        ),
        reply({ type: 'text', text: text(next, 300) }, null),
        reply({ type: 'tool_use', id: call, name: 'Bash', input: { command: text(next, 120) } }, 'tool_use'),
        line({
          type: 'user',
          message: {
            role: 'user',
            content: [{ tool_use_id: call, type: 'tool_result', content: printed, is_error: false }],
          },
          toolUseResult: { stdout: printed, stderr: '', interrupted: false, isImage: false },
        }),
      )
    }
    lines.push(line({ type: 'system', subtype: 'turn_duration', durationMs: 33_681 }))
    yield lines
  }
}
