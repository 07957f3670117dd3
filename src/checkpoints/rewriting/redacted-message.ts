/** Redacts the messages of commits and annotated tags. */
import type { StoredCommit } from '../../git/objects/commit.ts'
import { identText } from '../commits/author.ts'
import type { Author } from '../commits/checkpoint.ts'
import type { CommitInfo } from '../commits/history.ts'
import { messageText, type ParsedMessage, parseMessage } from '../commits/message.ts'
import { hashOf } from '../commits/rewritten.ts'
import { cleanBody, forkSubject, oneLine } from '../commits/text.ts'
import type { NewIdOf, RedactedFiles } from './redacted-files.ts'

/** The message and author of a commit after a rewrite. */
export interface Said {
  message: ParsedMessage
  /** The new text; `undefined`: unchanged. */
  text: string | undefined
  author: Author
  /** Whether the message or the author differs from the old one. */
  isOther: boolean
}

/** Trailers that are not redacted, because their values are names, numbers and ids. */
const STRUCTURE = new Set(
  'Session Type Seq Kind At Messages Tokens Forked-From Format Redacted Thinned Files Nonce Continues'.split(
    ' ',
  ),
)

/** Redacts the message and author of a commit. The trailer `Redacted` becomes the hash of the old id. */
export async function redactedMessage(
  files: RedactedFiles,
  { id, message, author }: CommitInfo,
  stored: StoredCommit,
  newIdOf: NewIdOf,
): Promise<Said> {
  const name = identText(await files.text(author.name, ['author', 'name']))
  const email = identText(await files.text(author.email, ['author', 'email']))
  const isSame = identText(author.name) === name && identText(author.email) === email
  const who = isSame ? author : { name: name || 'unknown', email }
  const isOther = (text: string, before: string) => text !== before || !isSame
  if (message.trailers === undefined) {
    const text = withNewIds(await files.text(stored.message, ['message']), newIdOf)
    const changed = text === stored.message ? undefined : text
    return { message: parseMessage(text), text: changed, author: who, isOther: isOther(text, stored.message) }
  }
  const trailers = new Map<string, string>()
  for (const [key, value] of message.trailers) {
    const kept = STRUCTURE.has(key) ? value : await files.text(value, ['trailers', key])
    trailers.set(key, key === 'Redacted' ? kept : withNewIds(kept, newIdOf))
  }
  const subject = oneLine(await files.text(newSubject(message, newIdOf), ['subject'])) || 'checkpoint'
  const body = cleanBody(await files.text(message.body, ['body']))
  const before = messageText({ ...message, trailers: message.trailers })
  const changed = isOther(messageText({ subject, body, trailers }), before)
  trailers.delete('Format')
  trailers.set('Redacted', hashOf(id))
  trailers.set('Format', message.trailers.get('Format') ?? '1')
  const parsed = { subject, body, trailers }
  return { message: parsed, text: messageText(parsed), author: who, isOther: changed }
}

/** Returns the bytes of an annotated tag, moved to another object, redacted, and without its signature. */
export async function redactedTag(files: RedactedFiles, data: Buffer, object: string): Promise<Buffer> {
  const { head, tagger, said } = tagTexts(data)
  const who = await files.text(tagger, ['author', 'name'])
  const moved = head
    .replace(/^object [0-9a-f]{40}$/m, `object ${object}`)
    .replace(`tagger ${tagger} <`, () => `tagger ${who.replace(/[<>\n]/g, '')} <`)
  const text = said.replace(/-----BEGIN (?:SSH|PGP) SIGNATURE-----[\s\S]*$/, '')
  return Buffer.from(`${moved}${await files.text(text, ['message'])}`)
}

/** Returns whether an annotated tag contains something to redact. */
export async function isTagOther(files: RedactedFiles, data: Buffer): Promise<boolean> {
  const { tagger, said } = tagTexts(data)
  return (
    (await files.text(said, ['message'])) !== said ||
    (await files.text(tagger, ['author', 'name'])) !== tagger
  )
}

/** The header of an annotated tag up to the blank line, the name of its tagger, and its message. */
function tagTexts(data: Buffer): { head: string; tagger: string; said: string } {
  const text = data.toString('utf8')
  const cut = text.indexOf('\n\n') + 2
  const head = text.slice(0, cut)
  return { head, tagger: /^tagger (.*) </m.exec(head)?.[1] ?? '', said: text.slice(cut) }
}

/** Updates the short id in the subject of a fork. */
function newSubject({ subject, trailers }: ParsedMessage, newIdOf: NewIdOf): string {
  const [, at = ''] = /@([0-9a-f]{40})$/.exec(trailers?.get('Forked-From') ?? '') ?? []
  const now = newIdOf(at)
  const end = forkSubject('', at).slice(-14)
  return now !== undefined && subject.endsWith(end) ? subject.slice(0, -10) + now.slice(0, 10) : subject
}

const withNewIds = (text: string, newIdOf: NewIdOf): string =>
  text.replace(/\b[0-9a-f]{40}\b/g, (id) => newIdOf(id) ?? id)
