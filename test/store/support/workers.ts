/** Many workers without a disk on one server at once. */
import { expect } from 'vitest'
import { newMessage, newSession } from '../../../src/state/index.ts'
import type { RemoteSessionStore } from '../../../src/store/remote/remote-session-store.ts'
import { git, gitText } from '../../git/real-git.ts'

/** 32 of them, some on the same session: the server has exactly the checkpoints that they were told of. */
export async function expectExactlyWhatIsTold(
  newStore: () => RemoteSessionStore,
  served: string,
): Promise<void> {
  const told = [(await newStore().save(newSession('shared'))).id]
  await Promise.all(
    Array.from({ length: 32 }, async (_, n) => {
      const worker = newStore()
      const id = n % 4 === 0 ? 'shared' : `own-${n}`
      if (id !== 'shared') told.push((await worker.save(newSession(id))).id)
      for (let m = 0; m < 2; m++) {
        const { id: made } = await worker.append(id, { messages: [newMessage('user', 'the same')] })
        told.push(made)
      }
    }),
  )
  const all = gitText(served, ['rev-list', '--all']).split('\n')
  expect(all.toSorted()).toEqual(told.toSorted())
  git(served, ['fsck', '--strict', '--full'])
}
