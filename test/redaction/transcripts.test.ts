/** Real transcripts, which hold no secret: what is found in them is false. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { secretFinder } from '../../src/redaction/secrets.ts'
import { textsOf } from '../../src/store/scan/texts.ts'
import { ROOT } from '../support/build.ts'

const FOLDER = join(ROOT, '../shared/transcripts')
const isThere = existsSync(FOLDER)
if (!isThere)
  console.warn('\n*** NOT TESTED: false findings in real transcripts. They are not on this machine. ***\n')

/** The texts of a file: those of its JSON, or of each of its lines. */
function* textsIn(path: string) {
  const raw = readFileSync(path, 'utf8')
  for (const part of path.endsWith('.jsonl') ? raw.split('\n') : [raw]) {
    let value: unknown = part
    try {
      value = JSON.parse(part)
    } catch {
      // It is a text as it is.
    }
    yield* textsOf(value)
  }
}

test.skipIf(!isThere)(
  'at most one value in five megabytes is taken for a secret',
  { timeout: 120_000 },
  async () => {
    const finder = secretFinder()
    const found = new Set<string>()
    let [files, strings, characters] = [0, 0, 0]
    for (const name of readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })) {
      const path = join(FOLDER, name)
      if (!statSync(path).isFile() || !name.includes('/')) continue
      files++
      for (const { text, key } of textsIn(path)) {
        strings++
        characters += text.length
        for (const { rule, secret } of await finder.find(text, key)) found.add(`${rule}: ${secret}`)
      }
    }
    if (process.env.SHOW === '1') console.log({ files, strings, characters, found: [...found] })
    expect(found.size).toBeLessThanOrEqual(characters / 5_000_000)
  },
)
