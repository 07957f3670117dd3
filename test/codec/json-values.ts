/** Random JSON values, with a taste for what a format could get wrong. */
import fc from 'fast-check'

const codeUnit = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit))

/** What a text can be: half surrogates, line ends of all kinds, long, base64, nothing at all. */
export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 3, arbitrary: fc.string({ unit: codeUnit }) },
  {
    weight: 3,
    arbitrary: fc
      .array(fc.constantFrom('\n', '\r\n', '\r', 'a', '', ' ', '\\n', '"'))
      .map((all) => all.join('')),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '\n', '\n\n\n', '\u2028', '\ufeffbom', '\0', '$lines', '__proto__'),
  },
  { weight: 1, arbitrary: fc.base64String({ minLength: 5400, maxLength: 6000 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.string({ unit: codeUnit, minLength: 1, maxLength: 9 }),
        fc.integer({ min: 7_000, max: 30_000 }),
      )
      .map(([unit, times]) => unit.repeat(times)),
  },
)

/** What a key can be: markers and what looks like them, `__proto__`, nothing, numbers. */
export const key: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: codeUnit, maxLength: 6 }),
  fc
    .tuple(fc.constantFrom('$', '$$', '$$$'), fc.constantFrom('lines', 'file', 'parts', 'line'))
    .map((all) => all.join('')),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toJSON',
    '',
    '0',
    '10',
    'encoding',
    'content',
    'parts',
    'type',
    'text',
    'id',
  ),
)

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(0, -0, 1e21, -1e-7, Number.MAX_VALUE, Number.MIN_VALUE, Number.MAX_SAFE_INTEGER),
)

/** An object with exactly these own keys, `__proto__` among them. */
export const objectOf = <T>(member: fc.Arbitrary<T>, maxLength = 5): fc.Arbitrary<Record<string, T>> =>
  fc.array(fc.tuple(key, member), { maxLength }).map((entries) => Object.fromEntries(entries))

export const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    text,
    number,
    fc.constantFrom(true, false, null),
    fc.array(tie('value'), { maxLength: 5 }),
    objectOf(tie('value')),
    // Markers as a user could have them.
    fc.array(text, { maxLength: 4 }).map((lines) => ({ $lines: lines })),
    fc.constantFrom(
      { $file: '000000.1.txt' },
      { $file: '000000.1.bin', encoding: 'base64' },
      { $parts: 'text' },
    ),
    tie('value').map((value) => ({ $lines: value })),
    tie('value').map((value) => ({ $$file: value, $file: value })),
  ),
})).value

/** Keys of all objects in a value, in their order: what a deep comparison does not look at. */
export function keysOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) return value.map(keysOf)
  return Object.entries(value).map(([name, member]) => [name, keysOf(member)])
}
