/** Decides from the address of a git server how to reach it. */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UnsupportedError } from '../../../errors.ts'
import { withoutPassword } from './error.ts'

export type Location =
  | { kind: 'http'; url: string }
  | { kind: 'ssh'; url: string }
  /** `url` is an absolute path. */
  | { kind: 'folder'; url: string }

/**
 * Parses an address. Throws UnsupportedError for another kind of address, such as `ext::` or `git:`, and for text that
 * git could take for an option.
 */
export function locationOf(address: string): Location {
  const refused = (why: string): UnsupportedError =>
    new UnsupportedError(
      'this address',
      `'${withoutPassword(address)}' cannot be a remote: ${why}. Use https, ssh, or the path of a folder.`,
    )
  if (address === '' || address.startsWith('-') || /[\u0000-\u001f\u007f]/.test(address))
    throw refused('it is empty, begins with a dash or has a control character')
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase()
  if (scheme === 'http' || scheme === 'https') return { kind: 'http', url: address }
  if (scheme === 'ssh') return sshLocation(address, refused)
  if (scheme === 'file') return { kind: 'folder', url: fileURLToPath(address) }
  if (scheme !== undefined || /^[a-z0-9]+::/i.test(address))
    throw refused('forkpoint does not know its protocol')
  if (SCP.test(address)) return sshLocation(address, refused)
  return { kind: 'folder', url: resolve(address) }
}

function sshLocation(url: string, refused: (why: string) => Error): Location {
  const host = /^(?:ssh:\/\/)?(?:[^/@]*@)?(.*)$/i.exec(url)?.[1] ?? ''
  const user = /^(?:ssh:\/\/)?([^/@]*)@/i.exec(url)?.[1] ?? ''
  if (host.startsWith('-') || user.startsWith('-')) throw refused('its host begins with a dash')
  return { kind: 'ssh', url }
}

/** `user@host:path`, but not `C:\path`. */
const SCP = /^(?:[^\s/@:\\]+@)?[^\s/@:\\]{2,}:(?!\/\/)/
