/** What this machine is called where its work stands beside that of others. */
import { hostname } from 'node:os'

/** The name as it stands in names of branches: small letters, digits and dashes. Default: that of the machine. */
export function writerName(given: string | undefined, host: () => string = hostname): string {
  const name = (given ?? host().split('.')[0] ?? '').toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return name.replace(/^-+|-+$/g, '').slice(0, 32) || 'other'
}
