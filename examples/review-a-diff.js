// @ts-check
/** What an agent changed since a checkpoint, as data and as git's own patch. */
import { join } from 'node:path'
import { GitSessionStore, newMessage, newSession, UnsupportedError } from 'forkpoint'
import { inTemporaryFolder } from './temporary-folder.js'

await inTemporaryFolder(async (folder) => {
  const store = new GitSessionStore(join(folder, 'sessions'))
  const plan = newMessage('assistant', 'Plan:\n1. Read the tests\n2. Rewrite the parser\n3. Run everything')
  await store.save(
    newSession('parser', { status: 'running', messages: [newMessage('user', 'Fix it.'), plan] }),
  )
  await store.tag('parser', 'approved')

  const session = await store.open('parser')
  const smaller = plan.content.replace('Rewrite the parser', 'Change one line of the parser')
  await session.append({
    messages: [{ ...plan, content: smaller }, newMessage('assistant', 'Done.')],
    set: { status: 'idle' },
  })

  const diff = await store.diff('parser', 'approved', 'main')
  for (const { path, before, after } of diff.fields) console.log(`${path.join('.')}: ${before} → ${after}`)
  for (const { index, item } of diff.messages.added)
    console.log(`+ message ${index}: ${JSON.stringify(item)}`)
  for (const { index, changes } of diff.messages.changed) {
    console.log(`~ message ${index}: ${changes.map(({ path }) => path.join('.')).join(', ')} changed`)
  }

  try {
    console.log(`\n${await diff.patch()}`)
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error
    console.log(`\nNo patch: ${error.message}`)
  }
  await store.close()
})
