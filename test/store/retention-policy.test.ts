import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidStateError } from '../../src/errors.ts'
import { parseConfig } from '../../src/git/config/parser.ts'
import { policyIn } from '../../src/store/retention/config.ts'
import { planRetention, type SessionFacts } from '../../src/store/retention/plan.ts'
import { byteCount, duration, parsePolicy, type RetentionPolicy } from '../../src/store/retention/policy.ts'

const DAY = 864e5
const NOW = 1000 * DAY

const session = (id: string, age: number, more: Partial<SessionFacts> = {}): SessionFacts => ({
  id,
  type: 'session',
  title: undefined,
  project: undefined,
  lastUse: NOW - age * DAY,
  arrived: 0,
  pinned: false,
  tagged: false,
  bytes: 100,
  damaged: false,
  ...more,
})

const plan = (rules: RetentionPolicy['rules'], sessions: readonly SessionFacts[]) =>
  planRetention(parsePolicy({ rules }), sessions, NOW)

describe('A retention policy', () => {
  test.each([
    ['90d', 90 * DAY],
    ['2 w', 14 * DAY],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1y', 365 * DAY],
    [1500, 1500],
  ])('takes %s as a duration', (text, milliseconds) => expect(duration(text, '')).toBe(milliseconds))

  test.each([
    ['5 GB', 5e9],
    ['1.5MB', 1.5e6],
    ['10kB', 1e4],
    ['7', 7],
    ['7 B', 7],
    [12, 12],
  ])('takes %s as bytes', (text, bytes) => expect(byteCount(text, '')).toBe(bytes))

  test.each<[string, unknown]>([
    ['a duration without a unit', { rules: [{ maxAge: '90' }] }],
    ['a negative duration', { rules: [{ maxAge: -1 }] }],
    ['a number that is none', { rules: [{ maxAge: Number.NaN }] }],
    ['half a session', { rules: [{ maxCount: 1.5 }] }],
    ['bytes in words', { rules: [{ maxBytes: 'many' }] }],
    ['a misspelt key', { rules: [{ maxage: '90d' }] }],
    ['a rule that limits nothing', { rules: [{ type: 'session' }] }],
    ['a rule that is null', { rules: [null] }],
    ['titles that are one text', { rules: [{ maxAge: '1d', keepTitles: 'x' }] }],
    ['no rules', {}],
    ['nothing', undefined],
    ['an unknown option', { rules: [], keep: 3 }],
  ])('refuses %s', (_, policy) =>
    expect(() => parsePolicy(policy as RetentionPolicy)).toThrow(InvalidStateError),
  )

  test('is read from the configuration as git writes it, in the order of the file', () => {
    const text = [
      '[forkpoint "retention.claude"]',
      '\ttype = claude-thread',
      '\tmaxAge = 90d',
      '\tkeepTitle = *release*',
      '\tkeepTitle = important',
      '[forkpoint "retention.all"]',
      '\tmaxCount = 1000',
      '\tmaxBytes = 5GB',
      '[forkpoint]',
      '\ttrash = 7d',
    ].join('\n')
    expect(policyIn(parseConfig(`${text}\n`))).toEqual({
      rules: [
        { type: 'claude-thread', maxAge: '90d', keepTitles: ['*release*', 'important'] },
        { maxCount: 1000, maxBytes: '5GB' },
      ],
      trash: '7d',
    })
    expect(policyIn(parseConfig('[forkpoint]\n\tformat = 1\n'))).toBeUndefined()
    expect(policyIn(parseConfig('[forkpoint]\n\ttrash = 7d\n'))).toEqual({ rules: [], trash: '7d' })
    const misspelt = policyIn(parseConfig('[forkpoint "retention.all"]\n\tmaxAges = 90d\n'))!
    expect(() => parsePolicy(misspelt)).toThrow("'rules.0.maxages' is none of")
  })
})

describe('What a policy removes', () => {
  const removed = (rules: RetentionPolicy['rules'], sessions: readonly SessionFacts[]) =>
    plan(rules, sessions).removals.map((one) => `${one.session} ${one.why}`)

  test('is what is older than the age, the oldest first', () =>
    expect(removed([{ maxAge: '30d' }], [session('a', 31), session('b', 30), session('c', 400)])).toEqual([
      'c age',
      'a age',
    ]))

  test('is what is beyond the count, or the bytes, of newer ones', () => {
    const sessions = [session('a', 1), session('b', 2), session('c', 3)]
    expect(removed([{ maxCount: 2 }], sessions)).toEqual(['c count'])
    expect(removed([{ maxBytes: 150 }], sessions)).toEqual(['c bytes', 'b bytes'])
    expect(plan([{ maxBytes: 150 }], sessions)).toMatchObject({ kept: 1, frees: 200 })
  })

  test('is decided by the first rule that a session fits', () => {
    const rules = [{ type: 'other', maxAge: '1y' }, { project: '/home/x', maxAge: '7d' }, { maxAge: '90d' }]
    const sessions = [
      session('kept-by-type', 100, { type: 'other' }),
      session('in-project', 8, { project: '/home/x/app' }),
      session('is-project', 8, { project: '/home/x' }),
      session('beside-project', 8, { project: '/home/xy' }),
      session('old', 100),
    ]
    expect(removed(rules, sessions)).toEqual(['old age', 'in-project age', 'is-project age'])
    expect(removed([{ type: 'other', maxAge: 0 }], sessions.slice(1))).toEqual([])
  })

  test('never is what is protected, and what protects it is said', () => {
    const sessions = [
      session('tagged', 100, { tagged: true }),
      session('pinned', 100, { pinned: true }),
      session('titled', 100, { title: 'The Release of June' }),
      session('young', 100, { arrived: NOW - DAY }),
      session('damaged', 100, { damaged: true }),
      session('old', 100),
    ]
    const rules = [{ maxAge: '30d', minAge: '7d', keepTitles: ['*release*'] }]
    expect(plan(rules, sessions)).toMatchObject({
      removals: [{ session: 'old', why: 'age' }],
      protections: [
        { session: 'damaged', by: 'damage' },
        { session: 'pinned', by: 'pin' },
        { session: 'tagged', by: 'tag' },
        { session: 'titled', by: 'title' },
        { session: 'young', by: 'minAge' },
      ],
      kept: 5,
    })
  })

  test('a title is a text with stars, not a regular expression', () => {
    const titled = (title: string, pattern: string) =>
      plan([{ maxAge: 0, keepTitles: [pattern] }], [session('a', 1, { title })]).protections.length === 1
    expect(titled('a.b', 'a.b')).toBe(true)
    expect(titled('axb', 'a.b')).toBe(false)
    expect(titled('two\nlines', 'two*')).toBe(true)
    expect(titled('x (y)', '*(Y)')).toBe(true)
  })

  test('holds against a plain model, whatever the sessions are', () => {
    const any = fc.record({
      age: fc.integer({ min: 0, max: 60 }),
      bytes: fc.integer({ min: 0, max: 100 }),
      tagged: fc.boolean(),
      pinned: fc.boolean(),
      damaged: fc.boolean(),
      since: fc.integer({ min: 0, max: 60 }),
    })
    const limit = (max: number) => fc.option(fc.integer({ min: 0, max }), { nil: undefined })
    const rule = fc.record({ age: limit(60), count: limit(10), bytes: limit(500), floor: limit(60) })
    fc.assert(
      fc.property(fc.array(any, { maxLength: 20 }), rule, (given, limits) => {
        const sessions = given.map(({ age, since, ...one }, at) =>
          session(`s${at}`, age, { ...one, arrived: NOW - since * DAY }),
        )
        const { removals } = plan(
          [
            {
              minAge: (limits.floor ?? 0) * DAY,
              ...(limits.age !== undefined && { maxAge: limits.age * DAY }),
              ...(limits.count !== undefined && { maxCount: limits.count }),
              ...(limits.bytes !== undefined && { maxBytes: limits.bytes }),
            },
          ],
          sessions,
        )
        const gone = new Set(removals.map((one) => one.session))
        const stays = sessions.filter(({ id }) => !gone.has(id))
        const isFree = (one: SessionFacts) =>
          !one.tagged &&
          !one.pinned &&
          !one.damaged &&
          NOW - Math.max(one.arrived, one.lastUse) >= (limits.floor ?? 0) * DAY
        for (const one of sessions) if (gone.has(one.id)) expect(isFree(one)).toBe(true)
        const over = stays.filter(isFree)
        for (const one of over) {
          const newer = stays.filter((other) => other.lastUse > one.lastUse)
          if (limits.age !== undefined) expect(NOW - one.lastUse).toBeLessThanOrEqual(limits.age * DAY)
          if (limits.count !== undefined) expect(newer.length).toBeLessThan(Math.max(1, limits.count))
          const bytes = newer.reduce((sum, other) => (sum ?? 0) + (other.bytes ?? 0), one.bytes)
          if (limits.bytes !== undefined) expect(bytes).toBeLessThanOrEqual(limits.bytes)
        }
        // Without a limit that it is over, nothing goes.
        for (const { session: id, why } of removals) {
          const one = sessions.find((other) => other.id === id)!
          if (why === 'age') expect(NOW - one.lastUse).toBeGreaterThan(limits.age! * DAY)
        }
      }),
    )
  })
})
