/** Prompts that go back to an earlier turn, written so that a quick look at the bytes may miss it. */
import type { Dice } from './made-up.ts'

export type Damage = (lines: readonly Buffer[], roll: Dice) => Buffer[]

const isPromptLine = (line: Buffer) => line.includes('"question ') && line.includes('"user"')

/** A prompt goes back to an earlier turn. `hide` changes lines so that this is hard to see. */
const hidden =
  (hide: (lines: string[], at: number, back: string, roll: Dice) => void): Damage =>
  (given, roll) => {
    const lines = given.map((line) => line.toString('latin1'))
    const prompts = given.flatMap((line, n) => (isPromptLine(line) ? [n] : []))
    const at = prompts[1 + roll(prompts.length - 1)] as number
    const ids = lines
      .slice(0, Math.max(1, at - 1))
      .flatMap((line) => /"uuid":"([^"]*)"/.exec(line)?.[1] ?? [])
    const back = ids[Math.max(0, ids.length - 1 - roll(8))] ?? ''
    lines[at] = (lines[at] as string).replace(/"parentUuid":(?:null|"[^"]*")/, `"parentUuid":"${back}"`)
    hide(lines, at, back, roll)
    return lines.map((line) => Buffer.from(line, 'latin1'))
  }

/** Adds text behind the opening brace of a line, or before the closing one. */
const within = (line: string, text: string, roll: Dice) =>
  roll(2) === 0 ? line.replace('{', `{${text},`) : `${line.slice(0, -1)},${text}}`

const last = (lines: string[], at: number, change: (line: string) => string, roll: Dice) => {
  const before = Math.max(0, at - 1 - roll(4))
  lines[before] = change(lines[before] as string)
}

export const HIDDEN: Record<'codex' | 'claude-code', readonly Damage[]> = {
  'claude-code': [
    hidden((lines, at, back, roll) =>
      last(lines, at, (line) => within(line, `"data":{"uuid":"${back}"}`, roll), roll),
    ),
    hidden((lines, at, back, roll) =>
      last(lines, at, (line) => line.replace(/"uuid":"[^"]*"/, `"uuid":"${back}"`), roll),
    ),
    hidden((lines, at, back, roll) =>
      last(lines, at, (line) => `${line.slice(0, 150)}"uuid":"${back}"`, roll),
    ),
    hidden((lines, at) => {
      lines[at] = (lines[at] as string).replace('"parentUuid"', '"parent\\u0055uid"')
    }),
    hidden((lines, at, _, roll) => {
      const other = /"uuid":"([^"]*)"/.exec(lines[at - 1] as string)?.[1] ?? 'x'
      lines[at] = within(lines[at] as string, `"data":{"parentUuid":"${other}"}`, roll)
    }),
    hidden((lines, at, back, roll) => {
      const other = /"uuid":"([^"]*)"/.exec(lines[at - 1] as string)?.[1] ?? 'x'
      const line = (lines[at] as string).replace(`"parentUuid":"${back}"`, `"parentUuid":"${other}"`)
      lines[at] = within(line, `"parentUuid":"${back}"`, roll)
    }),
    hidden((lines, at) => {
      lines[at] = (lines[at] as string).replaceAll('":', '": ')
    }),
    ...[
      '"isMeta":true',
      '"tool_use_id":"x"',
      '"text":"[Request interrupted by user',
      '"isCompactSummary":true',
    ].map((text) =>
      hidden((lines, at, _, roll) => {
        const prompts = lines.flatMap((line, n) => (n < at && line.includes('"question ') ? [n] : []))
        const prompt = prompts.at(-1)
        const closed = text.startsWith('"text"') ? `${text}"` : text
        if (prompt !== undefined) lines[prompt] = within(lines[prompt] as string, `"data":{${closed}}`, roll)
      }),
    ),
    hidden((lines, at, _, roll) => {
      const prompts = lines.flatMap((line, n) => (n < at && line.includes('"question ') ? [n] : []))
      const prompt = prompts.at(-1)
      if (prompt === undefined) return
      const way = roll(4)
      const line = lines[prompt] as string
      if (way === 0) lines[prompt] = line.replace(/"parentUuid":(?:null|"[^"]*"),/, '')
      else if (way === 1) lines[prompt] = line.replace('"type":"user"', '"type": "user"')
      else if (way === 2) lines[prompt] = line.replace('"type":"user"', '"type":"\\u0075ser"')
      else lines[prompt] = line.replace('"cwd":"/repo"', `"cwd":"/${'r'.repeat(1100)}"`)
    }),
    hidden((lines, at) => {
      lines[at] = (lines[at] as string).replace(
        /"parentUuid":("[^"]*")/,
        '"parentUuid":null,"logicalParentUuid":$1',
      )
    }),
    hidden((lines, at) => {
      const other = /"uuid":("[^"]*")/.exec(lines[at - 1] as string)?.[1] ?? 'null'
      lines[at] = (lines[at] as string).replace(
        /"parentUuid":"[^"]*"/,
        `"parentUuid":null,"logicalParentUuid":${other}`,
      )
    }),
  ],
  codex: [
    (lines, roll) => {
      const back =
        '{"timestamp":"2026-01-02T00:00:00.000Z","type":"event_msg","payload":{"type":"thread_rolled_back","num_turns":1}}'
      const at = 19 + back.indexOf('thread_rolled_back') - 19 + roll('thread_rolled_back'.length)
      const code = back.charCodeAt(at).toString(16).padStart(4, '0')
      const escaped = `${back.slice(0, at)}\\u${roll(2) === 0 ? code : code.toUpperCase()}${back.slice(at + 1)}`
      return lines.toSpliced(lines.length - roll(lines.length >> 1), 0, Buffer.from(escaped))
    },
  ],
}
