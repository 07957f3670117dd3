// @ts-check
/**
 * Sessions that never happened but look like ones that did: prose, code and tool output, seeded, so that every run
 * saves the same bytes. Tuned to compress as real transcripts do: about 4.5 to 1 as a whole, 2.4 to 1 a message.
 */

/** @typedef {{ id: string, role: 'user' | 'assistant' | 'tool', content: string, createdAt: string }} Message */

const START = Date.UTC(2025, 0, 6, 9)

/**
 * The turns of a session, without end: a user's message and the assistant's.
 *
 * @param {{ seed?: number, bytes: number, session?: string }} shape `bytes`: length of one message
 * @returns {Generator<[Message, Message], never>}
 */
export function* turns({ seed = 1, bytes, session = 's' }) {
  const writer = new Writer(seed)
  for (let turn = 0; ; turn++) {
    yield [
      message(session, turn * 2, 'user', writer.prompt(bytes)),
      message(session, turn * 2 + 1, 'assistant', writer.reply(bytes)),
    ]
  }
}

/**
 * The first turns of a session.
 *
 * @param {number} count
 * @param {Parameters<typeof turns>[0]} shape
 */
export function someTurns(count, shape) {
  const all = turns(shape)
  return Array.from({ length: count }, () => /** @type {[Message, Message]} */ (all.next().value))
}

/**
 * A whole session in forkpoint's schema. Contenders that keep one document keep this one.
 *
 * @param {string} id
 * @param {readonly Message[]} messages
 */
export function sessionState(id, messages) {
  const last = messages.at(-1)?.createdAt ?? new Date(START).toISOString()
  return {
    schemaVersion: /** @type {const} */ (1),
    type: /** @type {const} */ ('session'),
    id,
    title: 'Untangle the retry logic of the sync worker',
    model: 'large-model-2',
    status: 'idle',
    createdAt: new Date(START).toISOString(),
    updatedAt: last,
    config: { systemPrompt: SYSTEM, autoSave: true },
    usage: { inputTokens: messages.length * 900, outputTokens: messages.length * 140 },
    metadata: {},
    messages: [...messages],
    runs: [],
  }
}

/**
 * Text of one long message, such as a log that somebody pasted.
 *
 * @param {number} bytes
 */
export function longText(bytes, seed = 7) {
  const writer = new Writer(seed)
  const piece = writer.fill(Math.min(bytes, 256 * 1024), () => writer.output())
  let text = piece
  for (let i = 0; text.length < bytes; i++) text += `\n--- part ${i} ---\n${piece}`
  return text.slice(0, bytes)
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). @param {number} seed */
export function random(seed) {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const SYSTEM =
  'You are a careful engineer. Read before you change, run the tests after, and say what you did not do.'

/** @param {string} session @param {number} index @param {Message['role']} role @param {string} content */
const message = (session, index, role, content) => ({
  id: `${session}-m${index}`,
  role,
  content,
  createdAt: new Date(START + index * 41_000).toISOString(),
})

class Writer {
  /** @param {number} seed */
  constructor(seed) {
    this.random = random(seed)
    this.words = Array.from({ length: 2400 }, () => this.word())
    this.names = Array.from({ length: 500 }, () => this.identifier())
    this.files = Array.from({ length: 60 }, () => `src/${this.pick(this.words)}/${this.pick(this.words)}.ts`)
    /** What was written before: real sessions read the same file again. @type {string[]} */
    this.earlier = []
  }

  /** @param {number} bytes */
  prompt(bytes) {
    return this.fill(bytes, () => (this.random() < 0.5 ? this.prose() : this.output()))
  }

  /** @param {number} bytes */
  reply(bytes) {
    return this.fill(bytes, () => {
      const what = this.random()
      if (what < 0.4) return this.prose()
      return what < 0.8 ? this.code() : this.output()
    })
  }

  /** @param {number} bytes @param {() => string} piece */
  fill(bytes, piece) {
    let text = ''
    while (text.length < bytes) {
      const again = this.earlier.length > 20 && this.random() < 0.3
      const next = again ? this.pick(this.earlier) : piece()
      if (!again) {
        if (this.earlier.length < 400) this.earlier.push(next)
        else this.earlier[Math.floor(this.random() * 400)] = next
      }
      text += `${next}\n`
    }
    return text.slice(0, bytes)
  }

  prose() {
    const sentences = Array.from({ length: 2 + this.below(4) }, () => {
      const words = Array.from({ length: 6 + this.below(14) }, () =>
        this.random() < 0.08 ? `\`${this.common(this.names)}\`` : this.common(this.words),
      ).join(' ')
      return `${words[0]?.toUpperCase()}${words.slice(1)}.`
    })
    return `${sentences.join(' ')}\n`
  }

  code() {
    const name = this.common(this.names)
    const lines = [
      '```ts',
      `// ${this.common(this.files)}`,
      `export async function ${name}(${this.common(this.names)}: string): Promise<void> {`,
    ]
    for (let i = 3 + this.below(7); i > 0; i--) {
      const [a, b, c] = [this.common(this.names), this.common(this.names), this.common(this.words)]
      lines.push(
        this.pick([
          `  const ${a} = await this.${b}('${c}', ${this.below(1000)})`,
          `  if (${a} === undefined) throw new Error('${c} ${this.common(this.words)} is missing')`,
          `  for (const ${a} of ${b}.${c}) this.${name}(${a})`,
          `  return ${a}.map((${c}) => ${c}.${b})`,
          `  // ${this.common(this.words)} ${c} before ${this.common(this.words)}`,
        ]),
      )
    }
    return [...lines, '}', '```'].join('\n')
  }

  output() {
    return Array.from({ length: 4 + this.below(8) }, () => {
      const file = this.common(this.files)
      return this.pick([
        `${file}:${this.below(400)}:${this.below(80)}  ${this.common(this.names)}(${this.common(this.words)})`,
        ` ✓ ${file} > ${this.common(this.words)} ${this.common(this.words)} (${this.below(90)} ms)`,
        `-rw-r--r-- 1 dev dev ${this.below(90_000)} Jan  6 09:${10 + this.below(49)} ${file}`,
        `${Math.floor(this.random() * 2 ** 32).toString(16)} ${this.common(this.words)} ${this.common(this.names)}`,
      ])
    }).join('\n')
  }

  word() {
    const parts = [
      're',
      'con',
      'ta',
      'li',
      'mo',
      'ver',
      'sa',
      'den',
      'pro',
      'ti',
      'un',
      'ger',
      'la',
      'fi',
      'bo',
      'st',
    ]
    return Array.from({ length: 1 + this.below(4) }, () => this.pick(parts)).join('')
  }

  identifier() {
    const [first = '', second = ''] = [this.pick(this.words), this.pick(this.words)]
    return `${first}${second[0]?.toUpperCase()}${second.slice(1)}`
  }

  /** @param {number} end */
  below(end) {
    return Math.floor(this.random() * end)
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  pick(list) {
    return /** @type {T} */ (list[this.below(list.length)])
  }

  /** Few of them most of the time, as words are. @template T @param {readonly T[]} list @returns {T} */
  common(list) {
    return /** @type {T} */ (list[Math.floor(list.length * this.random() ** 3)])
  }
}
