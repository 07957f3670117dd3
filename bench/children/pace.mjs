// @ts-check
/**
 * One session that is saved at the pace of an agent.
 *
 * Task: `{ contender, folder, session, saves, bytes, pause }`; `pause`: milliseconds before each save. Answer: `{}`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { contender } from '../contenders/index.mjs'
import { someTurns } from '../workload.mjs'
import { answer, task } from './child.mjs'

const { contender: key, folder, session, saves, bytes, pause } = task()
const saver = await (await contender(key)).open(folder, session)
for (const turn of someTurns(saves, { bytes })) {
  await sleep(pause)
  await saver.save(turn)
}
await saver.close()
answer({})
