import { expect, test } from 'vitest'
import { loadPreset } from '../../src/redaction/preset.ts'
import { redactSecrets } from '../../src/redaction/secrets.ts'
import { corpus, lookAlikes, type Planted } from './corpus.ts'

const path = ['messages', 0, 'content']
const key = 'a key of the tests'

/** What of the corpus comes through whole or in part, and how many look-alikes are changed. */
async function judge(redact: (text: string) => unknown) {
  const missed: Planted[] = []
  for (const planted of corpus()) {
    const kept = (await redact(planted.text)) as string
    if (planted.secrets.some((secret) => kept.includes(secret))) missed.push(planted)
  }
  let changed = 0
  for (const text of lookAlikes()) if ((await redact(text)) !== text) changed++
  return { missed, changed }
}

test('the table finds all that the preset finds; the preset alone finds a small part', async () => {
  const ask = await loadPreset()()
  const alone = await judge(async (text) => {
    const found = await ask(text)
    return found.reduceRight((kept, { start, end }) => kept.slice(0, start) + kept.slice(end), text)
  })
  const table = redactSecrets({ key })
  const ours = await judge((text) => table(text, path))
  const together = redactSecrets({ key, preset: true })
  const both = await judge((text) => together(text, path))
  const total = corpus().length
  const kinds = (missed: readonly Planted[]) => new Set(missed.map(({ kind }) => kind)).size
  const row = ({ missed, changed }: typeof ours) => [total - missed.length, kinds(missed), changed]
  if (process.env.SHOW)
    console.log(total, kinds(corpus()), { alone: row(alone), ours: row(ours), both: row(both) })
  expect(ours).toEqual({ missed: [], changed: 0 })
  expect(both.missed).toEqual([])
  expect(alone.missed.length).toBeGreaterThan(total / 2)
}, 60_000)

test('with the preset the result is a promise, where there is something to ask about', async () => {
  const redact = redactSecrets({ key, preset: true })
  expect(redact('nothing to see', path)).toBe('nothing to see')
  const { text, secrets } = corpus().find(({ kind }) => kind === 'github')!
  const kept = redact(text, path)
  expect(kept).toBeInstanceOf(Promise)
  expect(await kept).not.toContain(secrets[0])
})
