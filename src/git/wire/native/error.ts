/** Turns errors of the native git into errors of git servers. */
import { RemoteError, type RemoteFailure } from '../../../errors.ts'

/** @param reason message of git or of the server */
export function remoteError(url: string, reason: string, cause?: unknown): RemoteError {
  const shown = withoutPassword(url)
  const said = reason
    .replaceAll(url, shown)
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim()
    .slice(0, 2000)
  const failure = failureOf(said)
  return new RemoteError(
    { url: shown, failure, said },
    `The git server '${shown}' ${WORDS[failure] ?? WORDS.refused}.`,
    {
      cause,
    },
  )
}

const WORDS: Partial<Record<RemoteFailure, string>> = {
  unreachable: 'could not be reached',
  missing: 'has no such repository',
  denied: 'did not let you in',
  refused: 'did not do what was asked',
}

/** Guesses the kind of failure from the message, as a hint for people and programs: git has no error codes. */
function failureOf(said: string): RemoteFailure {
  if (/does not appear to be a git repository|no git repository|not found/i.test(said)) return 'missing'
  if (/permission denied|access denied|dubious ownership/i.test(said)) return 'denied'
  if (/could not resolve|connection|timed out|hung up|unable to connect/i.test(said)) return 'unreachable'
  return 'refused'
}

/** Returns an address without its user name and password, for messages. */
export const withoutPassword = (url: string): string =>
  url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, (_, scheme: string) => `${scheme}…@`)
