/** An import that is killed leaves the first turns of the file, and the next import adds the others. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { claudeCode, importSession } from '../../src/importers/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { gitText, tempFolder } from '../git/real-git.ts'
import { expectWhole } from '../store/support/git-store.ts'
import { ROOT } from '../support/build.ts'
import { TranscriptBuilder } from './transcript-builder.ts'

const CHILD = join(import.meta.dirname, 'import-child.mjs')
const idsIn = (place: string): string[] =>
  gitText(place, ['rev-list', '--reverse', '--all']).trim().split('\n')

async function importWhole(file: string, place: string): Promise<void> {
  const store = new GitSessionStore(place)
  await importSession(claudeCode, file, store, { redact: false })
  await store.close()
}

test('killed between its writes, it has a prefix of the same checkpoints, and the next import the rest', {
  timeout: 120_000,
}, async () => {
  const work = tempFolder()
  const [file, whole] = [join(work, 'one.jsonl'), join(work, 'whole')]
  const builder = new TranscriptBuilder('one')
  for (let n = 0; n < 240; n++) {
    builder.prompt(`question ${n}`)
    builder.reply([{ type: 'text', text: `answer ${n} `.repeat(5000) }])
  }
  writeFileSync(file, builder.lines.map((line) => `${line}\n`).join(''))
  await importWhole(file, whole)
  const ids = idsIn(whole)
  expect(ids.length).toBeGreaterThan(200)
  for (const turns of [1, 60, 150]) {
    const place = join(work, `killed-${turns}`)
    const child = spawn(process.execPath, [CHILD, join(ROOT, 'dist'), file, place], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit')
    let told = 0
    for await (const line of createInterface(child.stdout)) {
      told = Number(line)
      if (told >= turns) child.kill('SIGKILL')
    }
    await ended
    const kept = idsIn(place)
    expect(kept).toEqual(ids.slice(0, kept.length))
    expect(kept.length).toBeGreaterThanOrEqual(told)
    await importWhole(file, place)
    expect(idsIn(place)).toEqual(ids)
    expectWhole(place)
  }
})
