import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { claudeCode, IMPORTERS } from '../../src/importers/index.ts'
import { diary } from './diary.ts'
import { importerSuite } from './importer-suite.ts'

const fixture = (name: string) => {
  const path = join(import.meta.dirname, '../../fixtures/claude-code', name)
  return { name, lines: readFileSync(path, 'utf8').trimEnd().split('\n') }
}

importerSuite(claudeCode, [fixture('format-1.jsonl'), fixture('demo-session.jsonl')])

const lines = (entries: object[]) => entries.map((entry) => JSON.stringify(entry))
importerSuite(diary, [
  {
    name: 'linear.diary',
    lines: lines([
      { who: 'title', session: 'linear', at: 1767323045000 },
      { who: 'me', said: 'Go', at: 1767323046000 },
      { who: 'it', said: 'Gone' },
      { who: 'weather', rain: true },
      { who: 'me', said: 'Further', at: 1767323049000 },
      { who: 'it', said: 'There' },
    ]),
  },
  {
    name: 'tree.diary',
    lines: lines([
      { who: 'me', id: '1', after: null, said: 'Go', at: 1767323046000 },
      { who: 'it', id: '2', after: '1', said: 'Gone' },
      { who: 'me', id: '3', after: '2', said: 'Left' },
      { who: 'me', id: '4', after: '2', said: 'Right' },
      { who: 'it', id: '5', after: '3', said: 'It is left' },
      { who: 'it', id: '6', after: '4', said: 'It is right' },
      { who: 'it', id: '2', after: '1', said: 'Gone' },
    ]),
  },
])

test('tools have names of their own, as on a command line', () => {
  const names = IMPORTERS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9-]*$/)
})
