// @ts-check
/** Two writers, one branch: the second one is told, and nobody's message is lost. */
import { join } from 'node:path'
import { ConflictError, GitSessionStore, newMessage, newSession } from 'forkpoint'
import { inTemporaryFolder } from './temporary-folder.js'

await inTemporaryFolder(async (folder) => {
  const store = new GitSessionStore(join(folder, 'sessions'))
  await store.save(newSession('shared', { messages: [newMessage('user', 'Fix the login.')] }))

  // Two handles at the same checkpoint; they could as well be in two processes.
  const alice = await store.open('shared')
  const bob = await store.open('shared')
  await alice.append({ messages: [newMessage('assistant', 'Alice: it was the cookie.')] })

  const answer = newMessage('assistant', 'Bob: it was the redirect.')
  try {
    await bob.append({ messages: [answer] })
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    console.log(`refused: ${error.message}\n`)
    // One way out: a branch of one's own, from the checkpoint that one has seen.
    await bob.append({ messages: [answer] }, { branch: 'bob' })
    // Another: look at what is there now, and go on from it.
    const again = await store.open('shared')
    await again.append({ messages: [newMessage('user', 'Both, then. Test it.')] })
  }

  for (const { name } of await store.branches('shared')) {
    const state = await store.load('shared', { branch: name })
    console.log(`${name}: ${state?.messages.map(({ content }) => content).join(' | ')}`)
  }
  await store.close()
})
