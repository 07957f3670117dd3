/**
 * Files that are almost straight, or odd at a late line, give the same checkpoints with a thread and without one.
 * `FORKPOINT_SOAK=1` adds a line of 100 MB.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { codex } from '../../../src/importers/codex/index.ts'
import { claudeCode } from '../../../src/importers/index.ts'
import { tempFolder } from '../../git/real-git.ts'
import { writeToolFile } from '../built.ts'
import { expectSame, LARGE, type Way } from './sides.ts'

type Change = (lines: string[]) => string

function textOf(tool: string): string[] {
  const file = join(tempFolder(), 'session.jsonl')
  writeToolFile(tool, file, { bytes: 400_000 })
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  return lines.toSpliced(lines.length >> 1, 0, LARGE)
}

const TEXTS = { codex: textOf('codex'), 'claude-code': textOf('claude-code') }
const whole = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('')

/** Changes the last line that has the text. */
const late =
  (text: string, change: (line: string, lines: string[]) => string): Change =>
  (lines) => {
    const at = lines.findLastIndex((line) => line.includes(text))
    return whole(lines.with(at, change(lines[at]!, lines)))
  }
const uuidOf = (line: string) => (JSON.parse(line) as { uuid: string }).uuid

/** What any file of lines may have, and whether it is straight all the same. */
const ANY: Record<string, [Change, Way]> = {
  'a last line without a line end': [(lines) => lines.join('\n'), 'straight'],
  'a last line that was cut off': [(lines) => whole(lines).slice(0, -30), 'straight'],
  'a last line that is half a character': [(lines) => `${whole(lines)}"\xc3`, 'straight'],
  'a byte order mark and carriage returns': [
    (lines) => `\xef\xbb\xbf${whole(lines).replaceAll('\n', '\r\n')}`,
    'straight',
  ],
  'NUL bytes in a late line': [late('role', (line) => line.replace('role', '\0\0')), 'straight'],
  'a late line that is not UTF-8': [late('cwd', (line) => line.replace('cwd', '\xff\xfe')), 'straight'],
  'blank lines': [(lines) => whole(lines.flatMap((line) => [line, '', ' \t'])), 'straight'],
}

const PROMPT = '"role":"user","content":"'

const CLAUDE: Record<string, [Change, Way]> = {
  'a late prompt that goes back': [
    late(PROMPT, (line, lines) =>
      line.replace(/"parentUuid":"[^"]*"/, `"parentUuid":"${uuidOf(lines[1]!)}"`),
    ),
    'whole',
  ],
  'a late prompt that goes back, in other words': [
    late(PROMPT, (line, lines) =>
      line.replace(/"parentUuid":"[^"]*"/, `"parent\\u0055uid" : "${uuidOf(lines[1]!)}"`),
    ),
    'whole',
  ],
  'a late line with an id of an earlier one': [
    late('"assistant"', (line, lines) => line.replace(/"uuid":"[^"]*"/, `"uuid":"${uuidOf(lines[1]!)}"`)),
    'whole',
  ],
  'a late line that is its own parent': [
    late('"assistant"', (line) => line.replace(/"parentUuid":"[^"]*"/, `"parentUuid":"${uuidOf(line)}"`)),
    'straight',
  ],
  'a late line whose parent is missing': [
    late(PROMPT, (line) => line.replace(/"parentUuid":"[^"]*"/, '"parentUuid":"gone"')),
    'straight',
  ],
  'a late line of a sub-agent': [
    late('"assistant"', (line) => line.replace('"isSidechain":false', '"isSidechain":true')),
    'whole',
  ],
}

const CODEX: Record<string, [Change, Way]> = {
  'a late turn that is rolled back': [late('task_started', (line) => `${line}\n${rollback}`), 'whole'],
  'a late turn that is rolled back, in other words': [
    late('task_started', (line) => `${line}\n${rollback.replace('rolled', '\\u0072olled')}`),
    'whole',
  ],
  'a text about a turn that is rolled back': [
    (lines) =>
      whole([...lines, rollback.replace('thread_', 'told_').replace('"num_turns":1', '"text":"\\u0061"')]),
    'straight',
  ],
}
const rollback =
  '{"timestamp":"2026-01-02T00:00:00.000Z","type":"event_msg","payload":{"type":"thread_rolled_back","num_turns":1}}'

const cases = (tool: typeof codex, changes: Record<string, [Change, Way]>) =>
  Object.entries(changes).map(([what, [change, way]]) => ({ tool, name: tool.title, what, change, way }))

test.each([...cases(codex, { ...ANY, ...CODEX }), ...cases(claudeCode, { ...ANY, ...CLAUDE })])(
  'a file of $name with $what',
  async ({ tool, what, change, way }) => {
    const bytes = Buffer.from(change([...TEXTS[tool.name as keyof typeof TEXTS]]), 'latin1')
    expect(await expectSame(tool, bytes, what)).toBe(way)
  },
)

test.skipIf(process.env.FORKPOINT_SOAK !== '1').each([codex, claudeCode])(
  'a file of $title with a line of 100 MB, and one that is too long',
  { timeout: 900_000 },
  async (tool) => {
    for (const [size, way] of [
      [100_000_000, 'straight'],
      [140_000_000, 'whole'],
    ] as const) {
      const lines = [...TEXTS[tool.name as keyof typeof TEXTS]]
      const at = lines.findLastIndex((line) =>
        line.includes(tool === codex ? 'aggregated_output' : 'tool_result'),
      )
      lines[at] = lines[at]!.replace(/("aggregated_output":"|"stdout":")/, `$1${'x '.repeat(size / 2)}`)
      expect(await expectSame(tool, whole(lines), `${size} bytes`)).toBe(way)
    }
  },
)
