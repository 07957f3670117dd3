/** Ids and names of tool calls as providers accept them. */
import { createHash } from 'node:crypto'

/** Anthropic: letters, digits, `_` and `-`; OpenAI: 40 characters at most. */
const ID = /^[a-zA-Z0-9_-]{1,40}$/
/** Of ids that we make. Mistral takes letters and digits, nine of them, and nothing else. */
const OWN_ID = 9

/** Gives each call of a history an id of its own; the same for the same history, so that a provider's cache fits. */
export class CallIds {
  readonly #taken = new Set<string>()

  /**
   * @param seed tells this call from every other one of the session
   * @param own whether the provider that is asked made the id
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

/** Models call tools that do not exist, by names that no provider takes back. */
export function sendableName(name: string): string {
  const known = name.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 60) || 'unknown'
  // Providers look names up in plain objects, and stumble over one that every object has.
  return known in Object.prototype ? `${known}_` : known
}
