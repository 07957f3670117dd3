/** Session files in which some lines are as no tool writes them. The same seed gives the same file. */
import { type Damage, HIDDEN } from './hidden-rewinds.ts'
import { type Dice, dice, pick, rollout, transcript } from './made-up.ts'
import { LARGE } from './sides.ts'

/** A file with a few damaged lines. @param isLarge whether it is large enough for a thread */
export function damagedFile(tool: string, seed: number, isLarge = true): Buffer {
  const roll = dice(seed)
  let lines: Buffer[] = (tool === 'codex' ? rollout(roll) : transcript(roll)).map((line) => Buffer.from(line))
  if (roll(2) === 0) lines = pick(roll, HIDDEN[tool as 'codex'])(lines, roll)
  for (let n = roll(4); n > 0; n--) lines = pick(roll, DAMAGES)(lines, roll)
  if (isLarge) lines.splice(roll(lines.length + 1), 0, Buffer.from(LARGE))
  const end = pick(roll, ['\n', '\n', '\n', '\r\n'])
  const bytes = Buffer.concat(lines.flatMap((line) => [line, Buffer.from(end)]))
  const bom = roll(12) === 0 ? Buffer.from('\ufeff') : Buffer.alloc(0)
  const cut = roll(6) === 0 ? roll(40) : roll(6) === 0 ? 1 : 0
  return Buffer.concat([bom, bytes.subarray(0, bytes.length - cut)])
}

/** Changes one line, which is later rather than earlier. */
const ofLine =
  (change: (line: string, roll: Dice, lines: readonly Buffer[]) => string): Damage =>
  (lines, roll) => {
    const at = Math.max(roll(lines.length), roll(lines.length))
    const text = change((lines[at] as Buffer).toString('latin1'), roll, lines)
    return lines.map((line, n) => (n === at ? Buffer.from(text, 'latin1') : line))
  }

const ofEntry = (change: (entry: Record<string, unknown>, roll: Dice, lines: readonly Buffer[]) => object) =>
  ofLine((line, roll, lines) => {
    try {
      const entry: unknown = JSON.parse(line)
      return typeof entry === 'object' && entry !== null
        ? JSON.stringify(change(entry as Record<string, unknown>, roll, lines))
        : line
    } catch {
      return line
    }
  })

/** A value of an earlier or later line. */
function other(key: string, roll: Dice, lines: readonly Buffer[]): unknown {
  try {
    return JSON.parse((lines[roll(lines.length)] as Buffer).toString())[key]
  } catch {
    return undefined
  }
}

/** Keys that decide to which turn a line belongs. */
export const KEYS = [
  'parentUuid',
  'logicalParentUuid',
  'isSidechain',
  'sessionId',
  'uuid',
  'type',
  'message',
  'timestamp',
  'isMeta',
  'isCompactSummary',
  'payload',
]
const ODD = [
  null,
  true,
  false,
  0,
  -1,
  1e20,
  '',
  'u1',
  'user',
  'null',
  '\ud800',
  [],
  {},
  [null],
  { uuid: 'u1' },
  { type: 'user' },
]

const DAMAGES: readonly Damage[] = [
  // A prompt, or any other entry, goes back, or has the id of another one.
  ofEntry((entry, roll, lines) => ({ ...entry, parentUuid: other('uuid', roll, lines) })),
  ofEntry((entry, roll, lines) => ({ ...entry, parentUuid: other('uuid', roll, lines) })),
  ofEntry((entry, roll, lines) => ({ ...entry, uuid: other('uuid', roll, lines) })),
  ofEntry((entry) => ({ ...entry, parentUuid: entry.uuid })),
  // A value of a wrong type, or none.
  ofEntry((entry, roll) => ({ ...entry, [pick(roll, KEYS)]: pick(roll, ODD) })),
  ofEntry((entry, roll) => {
    const { [pick(roll, Object.keys(entry))]: _, ...rest } = entry
    return rest
  }),
  // Keys in another order.
  ofEntry((entry, roll) => Object.fromEntries(Object.entries(entry).sort(() => roll(3) - 1))),
  // An object inside that looks like an entry.
  ofEntry((entry, roll, lines) => ({
    data: pick(roll, [
      { parentUuid: other('uuid', roll, lines), isSidechain: false, type: 'user' },
      { uuid: other('uuid', roll, lines) },
      { tool_use_id: 'x' },
      { isMeta: true },
      { payload: { type: 'thread_rolled_back' } },
    ]),
    ...entry,
  })),
  ofEntry((entry, roll, lines) => ({
    ...entry,
    data: {
      parentUuid: other('uuid', roll, lines),
      uuid: other('uuid', roll, lines),
      sessionId: 'two',
      tool_use_id: 'x',
    },
  })),
  // Text inside that looks like an entry.
  ofEntry((entry, roll, lines) => ({
    ...entry,
    text: `","parentUuid":"${other('uuid', roll, lines)}","uuid":"u1`,
  })),
  // The same key twice: the later one counts.
  ofLine(
    (line, roll, lines) =>
      `{${JSON.stringify(pick(roll, KEYS))}:${JSON.stringify(pick(roll, [...ODD, other('uuid', roll, lines)]))},${line.slice(1)}`,
  ),
  ofLine(
    (line, roll, lines) =>
      `${line.slice(0, -1)},${JSON.stringify(pick(roll, KEYS))}:${JSON.stringify(pick(roll, [...ODD, other('uuid', roll, lines)]))}}`,
  ),
  // The same value in other words.
  ofLine((line, roll) => {
    const word = pick(roll, [...KEYS, 'user', 'thread_rolled_back', 'tool_use_id'])
    const at = roll(word.length)
    const code = word.charCodeAt(at).toString(16).padStart(4, '0')
    return line.replaceAll(
      `"${word}"`,
      `"${word.slice(0, at)}\\u${roll(2) === 0 ? code : code.toUpperCase()}${word.slice(at + 1)}"`,
    )
  }),
  ofLine((line, roll) =>
    line.replaceAll(pick(roll, ['":', ',"', '{"']), (found) =>
      found.split('').join(pick(roll, [' ', '\t', '  '])),
    ),
  ),
  // What is no text, and no JSON.
  ofLine((line, roll) => line.slice(0, roll(line.length))),
  ofLine((line, roll) => {
    const at = roll(line.length)
    return (
      line.slice(0, at) +
      pick(roll, ['\0', '\xff', '\xc3', '\xed\xa0\x80', '\r', '"', '\\', '{']) +
      line.slice(at + roll(2))
    )
  }),
  ofLine((_, roll) =>
    pick(roll, ['', ' ', '{}', 'null', '12', '[]', '"', '{"type":"user"}', '{"parentUuid":']),
  ),
  // Lines in another order, twice, or away.
  (lines, roll) => {
    const kept = [...lines]
    const [line] = kept.splice(roll(kept.length), 1)
    kept.splice(roll(kept.length + 1), 0, line as Buffer)
    return kept
  },
  (lines, roll) => [...lines, lines[roll(lines.length)] as Buffer],
  (lines, roll) => lines.toSpliced(roll(lines.length), 1),
  // A part of the file follows once more, as if it were resumed elsewhere.
  (lines, roll) => [...lines, ...lines.slice(roll(lines.length)).slice(0, 6)],
]
