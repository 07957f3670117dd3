/** Ids and names of tool calls as providers accept them. */
import { createHash } from 'node:crypto'

/** Anthropic: letters, digits, `_` and `-`; OpenAI: 40 characters at most. */
const ID = /^[a-zA-Z0-9_-]{1,40}$/
/** Length of the ids that we make. Mistral accepts exactly nine letters and digits. */
const OWN_ID = 9

/** Gives each call of a history a unique id. The same history gets the same ids, so that a provider's cache matches. */
export class CallIds {
  readonly #taken = new Set<string>()

  /**
   * @param seed unique to this call within the session
   * @param own whether the recipient made the id itself
   */
  idOf(id: string, seed: string, own: boolean): string {
    let sendable = own && ID.test(id) ? id : madeId(seed)
    for (let more = 1; this.#taken.has(sendable); more++) sendable = madeId(`${seed} ${more}`)
    this.#taken.add(sendable)
    return sendable
  }
}

const madeId = (seed: string): string =>
  createHash('sha256')
    .update(seed)
    .digest('base64')
    .replace(/[^a-zA-Z0-9]/g, '')
    .slice(0, OWN_ID)

/** Models call tools that do not exist, by names that no provider accepts in a history. */
export function sendableName(name: string): string {
  const known = name.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 60) || 'unknown'
  // Providers look names up in plain objects, and fail for names that every object has.
  return known in Object.prototype ? `${known}_` : known
}
