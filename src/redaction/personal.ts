/** `redactPersonal`: a `redact` that removes personal data. It is not used by default. */

import { hostname, userInfo } from 'node:os'
import { isData } from './data.ts'
import { keyed, mark } from './marks.ts'
import { onceKnown, type Redact } from './redact.ts'
import type { TableRule } from './rule.ts'
import { Scanner } from './scanning/scanner.ts'

export interface PersonalOptions {
  /** Kinds to replace. Default: all. */
  only?: readonly ('mail' | 'phone' | 'home' | 'user' | 'host')[]
  /** The names that the kinds `user` and `host` look for. Default: the user and host of this process. */
  user?: string
  host?: string
  /** The key of the marks, as for `redactSecrets`. */
  key?: Uint8Array | string
}

/**
 * Makes a `redact` that replaces mail addresses, phone numbers in international form, the name in paths of home
 * folders, and the names of the user and the host. Each becomes `[redacted:<kind>:<8 hex>]`.
 */
export function redactPersonal(options: PersonalOptions = {}): Redact {
  const { only, user = userInfo().username, host = hostname() } = options
  const named = [nameRule('user', user), nameRule('host', host)].filter((rule) => rule !== undefined)
  const rules = [...KINDS, ...named].filter(
    ({ id }) => only === undefined || only.some((kind) => kind === id),
  )
  const scanner = new Scanner(rules)
  return keyed(options.key, (key) => (value, path) => {
    if (typeof value !== 'string' || isData(value, path.at(-1))) return value
    const found = scanner.scan(value)
    return found.length === 0 ? value : onceKnown(key(), (known) => mark(value, found, known))
  })
}

const KINDS: readonly TableRule[] = [
  {
    id: 'mail',
    keywords: [],
    expression:
      /(?<![\w.%+-])[\w%+-]{1,64}(?:\.[\w%+-]{1,64}){0,8}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])/,
    // Not git-over-ssh addresses, nor mailboxes that nobody reads.
    holds: (address) => !/^(?:git|noreply|no-reply)@/.test(address),
  },
  {
    id: 'phone',
    keywords: [],
    expression: /(?<![\w+.-])\+[1-9](?:[ ().-]{0,2}[0-9]){7,14}(?![\w-])/,
  },
  {
    id: 'home',
    keywords: ['/home/', '/users/', '\\users\\'],
    expression: /(?:\/home\/|\/users\/|\\{1,4}users\\{1,4})(?<secret>[\w.-]{1,64})/i,
    holds: (name) => !/^(?:runner|shared|public|user|node|ubuntu|vscode|app)$/i.test(name),
  },
]

/** Returns `undefined` for a name that identifies nobody, such as `root`, or that is too short to search for. */
function nameRule(id: string, name: string): TableRule | undefined {
  if (name.length < 3 || /^(?:root|user|admin|node|runner|ubuntu|localhost)$/i.test(name)) return undefined
  const quoted = name.replace(/[.$^*+?()[\]{}|\\/]/g, '\\$&')
  return { id, keywords: [], expression: new RegExp(`(?<![\\w-])${quoted}(?![\\w-])`, 'i') }
}
