/** The prompt of a turn: text, or parts such as pictures and files. */
import type { MessagePart } from '../state/index.ts'

/** A part of a prompt. Data is bytes, base64, a data URL or an http(s) address. */
export type PromptPart =
  | { type: 'text'; text: string }
  | { type: 'image'; image: string | Uint8Array; mediaType?: string; filename?: string }
  | { type: 'file'; data: string | Uint8Array; mediaType: string; filename?: string }

export type PromptInput = string | readonly PromptPart[]

export interface ParsedPrompt {
  /** As text, for titles and subjects. */
  prompt: string
  /** Parts of the message; absent if it is only text. */
  parts?: MessagePart[]
}

/** Throws TypeError. */
export function parsePrompt(given: unknown): ParsedPrompt {
  if (typeof given === 'string' && given !== '') return { prompt: given }
  if (!Array.isArray(given) || given.length === 0)
    throw new TypeError('A prompt has to be a non-empty string, or a list of parts')
  const parts = given.map(parsePart)
  const texts = parts.flatMap(({ type, text }) => (type === 'text' ? [String(text)] : []))
  const names = parts.flatMap((part) => (part.type === 'text' ? [] : [`[${nameOf(part)}]`]))
  return { prompt: texts.join('\n').trim() === '' ? names.join(' ') : texts.join('\n'), parts }
}

function parsePart(given: unknown): MessagePart {
  const { type, text, image, data, mediaType, filename } = (given ?? {}) as Record<string, unknown>
  const named = {
    ...(typeof mediaType === 'string' && { mediaType }),
    ...(typeof filename === 'string' && { filename }),
  }
  if (type === 'text' && typeof text === 'string' && text !== '') return { type, text }
  if (type === 'image' && isData(image)) return { type, image: encoded(image), ...named }
  if (type === 'file' && isData(data) && typeof mediaType === 'string' && mediaType !== '')
    return { type, data: encoded(data), ...named }
  throw new TypeError(
    "A part of a prompt has to be { type: 'text', text }, { type: 'image', image } or { type: 'file', data, mediaType }",
  )
}

const isData = (data: unknown): data is string | Uint8Array =>
  (typeof data === 'string' && data !== '') || (data instanceof Uint8Array && data.length > 0)

const encoded = (data: string | Uint8Array): string =>
  typeof data === 'string' ? data : Buffer.from(data).toString('base64')

const nameOf = ({ type, filename, mediaType }: MessagePart): string => String(filename ?? mediaType ?? type)
