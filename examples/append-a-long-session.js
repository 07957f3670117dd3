// @ts-check
/** A long session, turn by turn: what a save costs does not grow with what was said before. */
import { join } from 'node:path'
import { GitSessionStore, newMessage, newSession } from 'forkpoint'
import { inTemporaryFolder } from './temporary-folder.js'

const TURNS = 1000

await inTemporaryFolder(async (folder) => {
  const store = new GitSessionStore(join(folder, 'sessions'))
  await store.save(newSession('long'))

  /** @type {number[]} */
  const times = []
  for (let turn = 1; turn <= TURNS; turn++) {
    const question = newMessage('user', `Question ${turn}: ${'why? '.repeat(50)}`)
    const answer = newMessage('assistant', `Answer ${turn}: ${'because. '.repeat(100)}`)
    const start = performance.now()
    await store.append('long', { messages: [question, answer] })
    times.push(performance.now() - start)
  }
  console.log(`${TURNS} durable saves`)
  console.log(`  median of the first 100: ${median(times.slice(0, 100)).toFixed(2)} ms`)
  console.log(`  median of the last 100:  ${median(times.slice(-100)).toFixed(2)} ms`)

  const start = performance.now()
  const tail = await store.load('long', { at: `main~${TURNS / 2}`, last: 2 })
  console.log(
    `the last two messages of ${TURNS / 2} turns ago, in ${(performance.now() - start).toFixed(1)} ms:`,
  )
  for (const { role, content } of tail?.messages ?? []) console.log(`  ${role}: ${content.slice(0, 40)}…`)
  await store.close()
})

/** @param {number[]} numbers */
function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}
