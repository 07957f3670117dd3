/** The meaning of a server's answer over HTTP, if it is not the requested data. */
import type { RemoteErrorData } from '../../../errors.ts'

export const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)

/** Says what a refusal means: the kind of failure, and a message for people. */
export function meaningOf(
  status: number,
  url: string,
): Pick<RemoteErrorData, 'failure'> & { message: string } {
  if (status === 401 || status === 403)
    return { failure: 'denied', message: `${url} does not allow this (status ${status}).` }
  if (status === 404 || status === 410)
    return { failure: 'missing', message: `There is no git repository at ${url} (status ${status}).` }
  if (status === 413) return { failure: 'too-large', message: `${url} does not take requests of this size.` }
  if (status === 429 || status >= 500)
    return { failure: 'busy', message: `${url} is busy or broken (status ${status}). Try again later.` }
  if (isRedirect(status)) return { failure: 'redirected', message: `${url} redirects without an end.` }
  return { failure: 'invalid', message: `${url} does not answer as a git server does (status ${status}).` }
}

/** Returns how long the server asks to wait, in milliseconds. */
export function retryAfter(answer: Response): number {
  const text = answer.headers.get('retry-after') ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const until = Date.parse(text)
  return Number.isNaN(until) ? 0 : Math.max(0, until - Date.now())
}

/** Leaves the rest of the body unread. */
export async function discard(answer: Response): Promise<void> {
  await answer.body?.cancel().catch(() => undefined)
}

/** Reads the beginning of the body as text. */
export async function textAtStart(answer: Response): Promise<string | undefined> {
  const reader = answer.body?.getReader()
  const first = await reader?.read().catch(() => undefined)
  reader?.releaseLock()
  const text = new TextDecoder().decode((first?.value as Uint8Array | undefined)?.subarray(0, MOST_SAID))
  return text.trim() === '' ? undefined : text
}

/** Most bytes of a server's error text that are read. */
const MOST_SAID = 4096
