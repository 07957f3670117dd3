// @ts-check
/** Save a session turn by turn, close everything, and go on where it was. */
import { join } from 'node:path'
import { GitSessionStore, newMessage, newSession } from 'forkpoint'
import { inTemporaryFolder } from './temporary-folder.js'

await inTemporaryFolder(async (folder) => {
  const store = new GitSessionStore(join(folder, 'sessions'))
  const session = newSession('trip', { title: 'A week in Lisbon' })
  session.messages.push(newMessage('user', 'Plan a week in Lisbon.'))
  session.messages.push(newMessage('assistant', 'Seven days, one idea a day. Day 1: Alfama on foot.'))
  const first = await store.save(session)
  console.log(`saved   ${first.id.slice(0, 10)}  ${first.subject}`)
  await store.close()

  // Tomorrow, in another process:
  const later = new GitSessionStore(join(folder, 'sessions'))
  const resumed = await later.open('trip')
  console.log(`resumed '${resumed.state.title}' with ${resumed.state.messages.length} messages`)
  const second = await resumed.append({ messages: [newMessage('user', 'And when it rains?')] })
  console.log(`saved   ${second.id.slice(0, 10)}  ${second.subject}`)

  const before = await later.load('trip', { at: 'main~1' })
  console.log(`a turn ago it had ${before?.messages.length} messages`)
  await later.close()
})
