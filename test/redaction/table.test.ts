import { expect, test } from 'vitest'
import { checkRule } from '../../src/redaction/rule.ts'
import { TABLE } from '../../src/redaction/rules/table.ts'
import { Scanner } from '../../src/redaction/scanning/scanner.ts'
import { filled, seeded } from './sample.ts'

const all = new Scanner(TABLE)

test.each(TABLE.map((rule) => [rule.id, rule] as const))('rule %s finds its samples, whole', (id, rule) => {
  checkRule(rule)
  expect(rule.match?.length).toBeGreaterThan(0)
  const alone = new Scanner([rule])
  const random = seeded(1)
  for (const template of rule.match ?? []) {
    for (let round = 0; round < 20; round++) {
      const { text, secrets } = filled(template, random)
      const found = alone.scan(text)
      expect(found, text).toHaveLength(1)
      expect(found[0]!.rule).toBe(id)
      const replaced = text.slice(0, found[0]!.start) + text.slice(found[0]!.end)
      for (const secret of secrets.filter(({ length }) => length > 10)) expect(replaced).not.toContain(secret)
      expect(all.scan(text).length, text).toBeGreaterThan(0)
    }
  }
  for (const text of rule.pass ?? []) expect(alone.scan(text), text).toEqual([])
})

test('ids are told apart', () => {
  expect(new Set(TABLE.map(({ id }) => id)).size).toBe(TABLE.length)
})
