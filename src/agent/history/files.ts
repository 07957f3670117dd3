/**
 * Pictures and files in a history. A provider refuses a request with a file that it cannot read, so such a file is
 * replaced by a note.
 */
import type { MessagePart } from '../../state/index.ts'
import type { Recipient } from './recipient.ts'
import { isBlank } from './texts.ts'

/** Types by the start of the base64 text; the declared type of a part may be wrong. */
const SIGNATURES: readonly (readonly [RegExp, string])[] = [
  [/^iVBORw0KGgo/, 'image/png'],
  [/^\/9j\//, 'image/jpeg'],
  [/^R0lGOD/, 'image/gif'],
  [/^UklGR.{6}XRUJQ/, 'image/webp'],
  [/^JVBERi0/, 'application/pdf'],
]
const AUDIO = new Set(['audio/wav', 'audio/mp3', 'audio/mpeg'])
/** Most characters of base64 in one file. */
const LARGEST = { anthropic: 5_000_000, 'openai-compatible': 20_000_000 }

/** A file: base64 with its type, or an address. */
export type Media = { mediaType: string; data: string } | { mediaType: string; url: string }

/** The file as the recipient can read it, or a note in its place. */
export function mediaOf(
  { data, mediaType, name }: { data: unknown; mediaType: unknown; name: unknown },
  { protocol }: Recipient,
): Media | { note: string } {
  const given = typeof mediaType === 'string' && mediaType !== '' ? mediaType.toLowerCase() : undefined
  const file = typeof data === 'string' ? located(data.trim(), given) : undefined
  const label = [name, file?.mediaType ?? given ?? 'a file']
    .filter((one) => typeof one === 'string')
    .join(', ')
  const note = { note: `[${label}: left out, this model cannot read it]` }
  if (file === undefined) return note
  const type = file.mediaType
  if (protocol === undefined) return file
  if ('url' in file) {
    return type.startsWith('image/') || (type === 'application/pdf' && protocol === 'anthropic') ? file : note
  }
  if (/^text\/|[/+]json$/.test(type)) {
    const text = Buffer.from(file.data, 'base64').toString('utf8')
    return isBlank(text) ? note : { note: `[${label}]\n${text}` }
  }
  if (file.data.length > LARGEST[protocol]) return note
  if (SIGNATURES.some(([begin, known]) => known === type && begin.test(file.data))) return file
  return AUDIO.has(type) && protocol === 'openai-compatible' ? file : note
}

/** A part of a user's message. */
export function filePart(part: MessagePart, to: Recipient): MessagePart {
  const data = part.type === 'image' ? part.image : part.data
  const given = part.mediaType ?? (part.type === 'image' ? 'image/*' : undefined)
  const media = mediaOf({ data, mediaType: given, name: part.filename }, to)
  if ('note' in media) return { type: 'text', text: media.note }
  const { mediaType } = media
  const named = typeof part.filename === 'string' ? { filename: part.filename } : {}
  const content = 'url' in media ? media.url : media.data
  return mediaType.startsWith('image/')
    ? { type: 'image', image: content, mediaType }
    : { type: 'file', data: content, mediaType, ...named }
}

function located(data: string, given: string | undefined): Media | undefined {
  if (/^https?:\/\//i.test(data)) {
    return URL.canParse(data) ? { mediaType: given ?? 'application/octet-stream', url: data } : undefined
  }
  const [, stated, base64] = /^data:([^;,]+)[^,]*;base64,(.*)$/s.exec(data) ?? [undefined, given, data]
  const plain = base64!.replace(/\s/g, '')
  if (plain === '' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(plain)) return undefined
  const known = SIGNATURES.find(([begin]) => begin.test(plain))?.[1]
  return { mediaType: known ?? stated ?? 'application/octet-stream', data: plain }
}
