/** Claude Code transcripts, made entry by entry. */

type Json = Record<string, unknown>

const START = Date.UTC(2025, 10, 3, 9)

export class TranscriptBuilder {
  readonly entries: Json[] = []
  /** Uuid of the entry that the next one hangs on. */
  parent: string | null = null
  readonly #sessionId: string
  readonly #prefix: string

  constructor(sessionId = 'session-1', prefix = 'u') {
    this.#sessionId = sessionId
    this.#prefix = prefix
  }

  get lines(): string[] {
    return this.entries.map((entry) => JSON.stringify(entry))
  }

  /** An entry that is a node of the tree. Returns its uuid. */
  node(fields: Json): string {
    const uuid = `${this.#prefix}${this.entries.length + 1}`
    this.entries.push({
      parentUuid: this.parent,
      isSidechain: false,
      userType: 'external',
      cwd: '/repo',
      sessionId: this.#sessionId,
      version: '2.1.12',
      gitBranch: 'main',
      ...fields,
      uuid,
      timestamp: this.#time(),
    })
    this.parent = uuid
    return uuid
  }

  /** An entry that only has a position. */
  raw(entry: Json): void {
    this.entries.push(entry)
  }

  prompt(content: unknown, fields: Json = {}): string {
    return this.node({ type: 'user', message: { role: 'user', content }, ...fields })
  }

  /** One line for each block, all of one reply. Returns their uuids. */
  reply(blocks: readonly Json[], { id = `msg_${this.entries.length}`, ...fields }: Json = {}): string[] {
    return blocks.map((block) =>
      this.node({
        message: {
          model: 'claude-sonnet-4-5',
          id,
          type: 'message',
          role: 'assistant',
          content: [block],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: 5, cache_read_input_tokens: 100, output_tokens: 10 },
        },
        requestId: `req_${String(id)}`,
        type: 'assistant',
        ...fields,
      }),
    )
  }

  text(text: string, fields: Json = {}): string {
    return this.reply([{ type: 'text', text }], fields).at(-1) as string
  }

  result(id: string, content: unknown, fields: Json = {}): string {
    return this.prompt([{ tool_use_id: id, type: 'tool_result', content }], fields)
  }

  progress(fields: Json = {}): string {
    return this.node({ type: 'progress', data: { type: 'hook_progress' }, ...fields })
  }

  turnEnd(): string {
    return this.node({ type: 'system', subtype: 'turn_duration', durationMs: 1200 })
  }

  #time(): string {
    return new Date(START + this.entries.length * 1000).toISOString()
  }
}

export const call = (id: string, name = 'Bash', input: Json = { command: 'ls' }): Json => ({
  type: 'tool_use',
  id,
  name,
  input,
})
