/** What goes wrong between a repository and a git server. */
import { ForkpointError } from '../../errors.ts'

/**
 * A git server could not be reached, refused, or answered what no git server would. What the store holds is not
 * affected. After a push without an answer, the server may have made the moves or not.
 */
export class RemoteError extends ForkpointError {
  /** The server's address, without a password. */
  readonly url: string
  /** Why, in the server's or git's own words. */
  readonly reason: string

  constructor(url: string, reason: string, options?: { cause?: unknown }) {
    const shown = withoutPassword(url)
    const why = reason.trim().replaceAll(url, shown)
    super('REMOTE', `The git server '${shown}' did not do what was asked: ${why}`, options)
    this.url = shown
    this.reason = why
  }
}

/** An address as it may be shown. */
export const withoutPassword = (url: string): string =>
  url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, (_, scheme: string) => `${scheme}…@`)
