// @ts-check
import { createHash } from 'node:crypto'
import { redactSecrets } from '../forkpoint.mjs'
import { p50 } from '../statistics.mjs'
import { within } from './row.mjs'

/** Text as agents and tools write it: prose, code and the names that secrets have, without a secret. */
const PIECE = [
  'The parser reads one token at a time and keeps its place, so a syntax error names the line. ',
  "const client = new Client({ password: process.env.DB_PASSWORD, path: '/src/patterns' })\n",
  '{"id":"0b5c2f9e","usage":{"input_tokens":1200},"text":"See https://example.com/a?b=c"}\n',
  'diff --git a/src/session.ts b/src/session.ts\nindex 3f2a9c1..91bc204 100644\n',
].join('')

/** What takes longest for its size: each secret once, and beginnings of tokens. Made here, so that nothing looks like a secret. */
const SECRETS = Array.from({ length: 47_619 }, (_, n) => {
  const digits = createHash('sha256').update(String(n)).digest('hex').toUpperCase()
  return `AK${'IA'}${digits.replace(/[0189]/g, 'Z').slice(0, 16)}`
}).join(' ')
const BEGINNINGS = '--pass=a1;'.repeat(100_000)
/** Rules whose expressions take longest, with what makes them: the worst that the test of their speed has found. */
const WORST = /** @type {const} */ ([
  [
    'connection-string',
    `-password=pwd=${'0'.repeat(85)}eyJ\u{1f600};base64,[redacted:text:00000000]password=-pwd =-pwd=\\x1b[31m`,
  ],
  ['connection-string', 'dapi; password='],
  ['openai', 'sk-svcacct-sk-proj-sk-None-=\\n-sk-None-\\u002d\n  '],
  ['model-key', ' sk-\\u002d'],
  ['hugging-face', '-hf_\\u002d'],
  ['fireworks', 'fw_\n  fw_="eyJ\\u002dfw_-fw_'],
  ['authorization', 'a1authorization=aaaaaaaaaaaaaaaaaaa1\n1 = \\u0041~authorization: '],
  ['assigned', '//registry.example/:_authToken=f0f367684a\\x1b[31mcredential: \u{1f600}\u{1f600}APIKEY'],
  ['assigned', 'password=a1;'],
  ['command-line', '\u00e9curl -u app:q6--token=--token=--token=--token=\u001b[0m\u001b[0m--pass=.atlasv1.'],
  ['command-line', '--pass=a1;'],
  ['private-key', '-----BEGIN PRIVATE KEY-----\n'],
])

/** What is decoded. */
const ESCAPES = /\\[ux]|\u001b/

/** @type {import('./row.mjs').Row} */
export const redaction = {
  name: 'redaction',
  about: 'secrets looked for in what is saved',
  async run({ quick }) {
    const redact = redactSecrets({ key: 'bench' })
    const message = PIECE.repeat(10).slice(0, 1500)
    const long = PIECE.repeat(4000).slice(0, 1_000_000)
    const path = ['messages', 0, 'content']
    let nth = 0
    // Another text each time: one that was clean is remembered, and not looked at again.
    /** @param {string} text @param {number} rounds @param {(text: string, path: (string | number)[]) => unknown} redactor */
    const times = (text, rounds, redactor = redact) =>
      Array.from({ length: rounds }, () => {
        const fresh = Buffer.from(`${nth++} ${text}`).toString('utf8')
        const start = process.cpuUsage()
        redactor(fresh, path)
        const { user, system } = process.cpuUsage(start)
        return (user + system) / 1000
      })
    times(message, 2000)
    const one = p50(times(message, quick ? 500 : 5000)) * 1000
    const whole = p50(times(long, quick ? 5 : 50))
    const secrets = p50(times(SECRETS, quick ? 5 : 20))
    const beginnings = p50(times(BEGINNINGS, quick ? 5 : 20))
    const slowest = WORST.map(([rule, piece]) => {
      // What is found stays, so that the time is that of the search. The row of secrets measures the marks as well.
      const alone = redactSecrets({ key: 'bench', only: [rule], allow: [{ rule }] })
      // A text with escapes is searched twice, as it is and decoded: half a megabyte is a megabyte of input.
      const length = ESCAPES.test(piece) ? 500_000 : 1_000_000
      const text = piece.repeat(Math.ceil(length / piece.length)).slice(0, length)
      return { rule, took: p50(times(text, quick ? 5 : 20, alone)) }
    }).sort((a, b) => b.took - a.took)
    return {
      measures: [
        within({ what: 'a message of 1.5 KB', unit: 'µs', forkpoint: one }, 60),
        within({ what: 'a text of 1 MB (25 MB/s)', unit: 'ms', forkpoint: whole }, 40),
        within({ what: '1 MB of nothing but different secrets', unit: 'ms', forkpoint: secrets }, 50),
        within({ what: '1 MB of nothing but beginnings of tokens', unit: 'ms', forkpoint: beginnings }, 50),
        within(
          {
            what: `the slowest rule (${slowest[0]?.rule}) on 1 MB of its worst`,
            unit: 'ms',
            forkpoint: slowest[0]?.took ?? 0,
          },
          50,
        ),
      ],
    }
  },
}
