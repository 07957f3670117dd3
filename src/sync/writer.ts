/** The name of this machine in names of diverged branches. */
import { hostname } from 'node:os'

/** Returns the name for use in branch names: small letters, digits and dashes. Default: the host name. */
export function writerName(given: string | undefined, host: () => string = hostname): string {
  const name = (given ?? host().split('.')[0] ?? '').toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return name.replace(/^-+|-+$/g, '').slice(0, 32) || 'other'
}
