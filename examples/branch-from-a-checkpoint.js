// @ts-check
/** Go back to an earlier checkpoint and try another way; both ways stay. */
import { join } from 'node:path'
import { GitSessionStore, newMessage, newSession } from 'forkpoint'
import { inTemporaryFolder } from './temporary-folder.js'

await inTemporaryFolder(async (folder) => {
  const store = new GitSessionStore(join(folder, 'sessions'))
  await store.save(newSession('blog', { messages: [newMessage('user', 'Which database for a blog?')] }))
  await store.append('blog', { messages: [newMessage('assistant', 'SQLite: one file, no server.')] })
  await store.append('blog', { messages: [newMessage('user', 'Good, write the schema.')] })

  // Two turns back. A fork is one ref: nothing is copied, however long the session.
  await store.fork('blog', { at: 'main~2', branch: 'try-postgres' })
  const other = await store.open('blog', { branch: 'try-postgres' })
  await other.append({ messages: [newMessage('assistant', 'Postgres, if several people write.')] })

  // From now on this is the branch that load, append and open mean.
  await store.switch('blog', 'try-postgres')

  for (const { name, active } of await store.branches('blog')) {
    console.log(`${active ? '*' : ' '} ${name}`)
    for await (const { id, subject } of store.log('blog', { at: name })) {
      console.log(`    ${id.slice(0, 10)}  ${subject}`)
    }
  }
  await store.close()
})
