/** Results of tool calls in a form that providers accept. */
import { isJsonObject } from '../../json-value.ts'
import type { MessagePart } from '../../state/index.ts'
import { type Media, mediaOf } from './files.ts'
import type { Recipient } from './recipient.ts'
import { isBlank, sendable, sendableText } from './texts.ts'

/** Some providers refuse an empty result. */
const NOTHING = '(no output)'

/** The output of a result, in any stored form. */
export function sendableOutput(output: unknown, to: Recipient): MessagePart {
  if (!isJsonObject(output)) return textOutput(output ?? '')
  const { reason, type, value } = output
  if (type === 'execution-denied') {
    return typeof reason === 'string' && !isBlank(reason) ? { type, reason: sendableText(reason) } : { type }
  }
  if (type === 'error-text') return { ...textOutput(value), type }
  if (type === 'json' || type === 'error-json') return { type, value: sendable(value ?? null) }
  if (type === 'content' && Array.isArray(value)) return contentOutput(value, to)
  return textOutput(type === 'text' ? value : output)
}

/** The output as text. */
export function outputText(output: MessagePart): string {
  if (typeof output.value === 'string') return output.value
  if (output.type === 'execution-denied') return String(output.reason ?? 'Tool call execution denied.')
  return JSON.stringify(output.value ?? null)
}

function textOutput(value: unknown): MessagePart {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return { type: 'text', value: isBlank(text) ? NOTHING : sendableText(text) }
}

function contentOutput(items: readonly unknown[], to: Recipient): MessagePart {
  const value = items.flatMap((item) => (isJsonObject(item) ? contentItem(item, to) : []))
  const texts = value.flatMap((item) => (item.type === 'text' ? [String(item.text)] : []))
  // The other protocols write everything but text as JSON, base64 included.
  if (texts.length === value.length) return textOutput(texts.join('\n'))
  return { type: 'content', value }
}

function contentItem(item: Record<string, unknown>, to: Recipient): MessagePart[] {
  const { type } = item
  if (type === 'text') {
    return typeof item.text === 'string' && !isBlank(item.text)
      ? [{ type, text: sendableText(item.text) }]
      : []
  }
  const isImage = typeof type === 'string' && type.startsWith('image')
  const media = mediaOf(
    {
      data: item.data ?? item.url,
      mediaType: item.mediaType ?? (isImage ? 'image/*' : undefined),
      name: item.filename,
    },
    to,
  )
  if ('note' in media) return [{ type: 'text', text: media.note }]
  if (to.protocol === 'openai-compatible') {
    return [{ type: 'text', text: `[${media.mediaType}: left out, tools of this model answer in text]` }]
  }
  return [mediaItem(media)]
}

function mediaItem(media: Media): MessagePart {
  const { mediaType } = media
  const kind = mediaType.startsWith('image/') ? 'image' : 'file'
  return 'url' in media
    ? { type: `${kind}-url`, url: media.url, ...(kind === 'file' ? { mediaType } : {}) }
    : { type: `${kind}-data`, data: media.data, mediaType }
}
