import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { InvalidStateError } from '../../src/errors.ts'
import { checkSession, migrate, newSession, SCHEMA_VERSION } from '../../src/state/index.ts'
import { migrateBy } from '../../src/state/migrations.ts'

const fixture = async (version: number): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(new URL(`../../fixtures/state/v${version}.json`, import.meta.url), 'utf8'))

const steps = [
  { from: 2, step: (state: object) => ({ ...state, third: true }) },
  { from: 1, step: ({ title, ...state }: Record<string, unknown>) => ({ ...state, name: title }) },
]

describe('every released schema version', () => {
  test.each(Array.from({ length: SCHEMA_VERSION }, (_, index) => index + 1))(
    '%i has a frozen state that still reads as a valid session',
    async (version) => {
      const state = await fixture(version)
      expect(state.schemaVersion).toBe(version)
      expect(checkSession(migrate(state))).toEqual([])
    },
  )

  test('1 comes through untouched', async () => {
    const state = await fixture(1)
    const before = structuredClone(state)
    expect(migrate(state)).toBe(state)
    expect(state).toEqual(before)
  })
})

describe('migrate', () => {
  test('takes every step in order and numbers the result', () => {
    const old = newSession('s1', { title: 'T' })
    const migrated = migrateBy(steps, old, 3)
    expect(migrated).toMatchObject({ id: 's1', name: 'T', third: true, schemaVersion: 3 })
    expect(migrated).not.toHaveProperty('title')
    expect(old).toMatchObject({ title: 'T', schemaVersion: 1 })
  })

  test('starts in the middle when the state is not the oldest', () => {
    expect(migrateBy(steps, { schemaVersion: 2, name: 'N' }, 3)).toEqual({
      schemaVersion: 3,
      name: 'N',
      third: true,
    })
  })

  test('refuses a state from a newer forkpoint and says to upgrade', () => {
    const newer = { ...newSession('s1'), schemaVersion: SCHEMA_VERSION + 1 }
    expect(() => migrate(newer)).toThrow(InvalidStateError)
    expect(() => migrate(newer)).toThrow(/newer forkpoint.*Upgrade forkpoint/)
  })

  test.each([undefined, '1', 0, 1.5, null])('refuses schema version %j', (schemaVersion) => {
    expect(() => migrate({ schemaVersion })).toThrow(InvalidStateError)
  })

  test.each([null, 'text', []])('refuses %j, which is no document', (state) => {
    expect(() => migrate(state)).toThrow(InvalidStateError)
  })

  test('says so when a step is missing', () => {
    expect(() => migrateBy(steps.slice(0, 1), { schemaVersion: 1 }, 3)).toThrow(
      /no migration from schema version 1/,
    )
  })
})
