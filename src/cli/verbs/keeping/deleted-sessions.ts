/** Lists and restores deleted sessions. */
import { NotFoundError } from '../../../errors.ts'
import { bold, count, dim, line, yellow } from '../../../view/terminal/line.ts'
import { when } from '../../../view/terminal/value.ts'
import type { Context } from '../../context.ts'
import { findSession } from '../../place.ts'

/**
 * Restores a deleted session. Returns `false` if the text does not name one.
 *
 * @param isSure whether the caller surely means a deleted session; then a session of this id may still exist here, if
 *   it was deleted on another machine
 */
export async function bringBack({ out, stores }: Context, given: string, isSure: boolean): Promise<boolean> {
  const store = stores.existing
  async function* discarded({ prefix }: { prefix: string }) {
    for (const { session } of await store.retention.discarded())
      if (session.startsWith(prefix)) yield { id: session }
  }
  if (!isSure && (await store.exists(await findSession(store, given)))) return false
  const session = await findSession({ exists: async () => false, list: discarded }, given)
  try {
    const refs = await store.restore(session)
    if (out.json) await out.document({ session, refs })
    else await out.line(line`Restored ${bold(session)}${refs.length === 0 ? '' : `: ${refs.join(', ')}`}.`)
    return true
  } catch (error) {
    if (error instanceof NotFoundError && !isSure) return false
    throw error
  }
}

/** Lists the sessions in the trash. */
export async function listDeleted({ out, stores, command }: Context): Promise<undefined> {
  const found = await out.list(await stores.existing.retention.discarded(), ({ session, at, branches }) => [
    yellow(session),
    dim(`deleted ${when(at)}`),
    line`${count(branches, 'branch', 'branches')}`,
  ])
  return out.note(
    found === 0
      ? line`No session was deleted, or all have been purged.`
      : dim(`To bring one back: ${command('restore', ['<session>'])}`),
  )
}
