/** Messages as they are sent to the page: of limited size, without images and files, which are requested separately. */
import { beginning } from '../../excerpt.ts'
import { isJsonObject } from '../../json-value.ts'
import type { ReadMessage } from '../../view/block.ts'
import { readMessage } from '../../view/message.ts'
import type { FileAt, ShownMessage } from '../wire.ts'

export interface ShownOptions {
  /** Most characters of one text. */
  longest?: number
  /** Returns the replacement of a file. Default: its number, to request it. */
  file?: (file: FileAt, data: string) => unknown
}

/** Most characters of a text in a list of messages, and in a message that was requested alone. */
const SHORT_TEXT = 16 * 1024
export const LONG_TEXT = 4 * 1024 * 1024

/** Formats that a browser may show as an image. Never SVG, which can contain code. */
const IMAGES: Readonly<Record<string, RegExp>> = {
  'image/png': /^iVBORw0KGgo/,
  'image/jpeg': /^\/9j\//,
  'image/gif': /^R0lGOD/,
  'image/webp': /^UklGR/,
}

/** Returns an item of a session as it is sent. */
export const shownItem = (item: unknown, index: number, options?: ShownOptions): ShownMessage =>
  shownMessage(readMessage(item), index, options)

export function shownMessage(message: ReadMessage, index: number, options: ShownOptions = {}): ShownMessage {
  const { longest = SHORT_TEXT, file: show = (file) => file } = options
  const seen = { isCut: false, files: 0 }
  const text = (value: string): string => {
    if (value.length <= longest) return value
    seen.isCut = true
    return `${beginning(value, longest)}…`
  }
  // Limits how many values are sent, since a message can have any number.
  let room = MOST_VALUES
  const walk = (value: unknown): unknown => {
    if (--room < 0) {
      seen.isCut = true
      return '…'
    }
    if (typeof value === 'string') return text(value)
    if (Array.isArray(value)) return value.slice(0, room + 1).map(walk)
    if (!isJsonObject(value)) return value
    const { kind, data } = value
    if (kind === 'file' && typeof data === 'string' && BASE64.test(data))
      return { ...(walk({ ...value, data: null }) as object), data: show(fileOf(data, seen.files++), data) }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [text(key), walk(inner)]))
  }
  const shown = walk(message) as ReadMessage
  return { ...shown, index, ...(seen.isCut && { cut: true }) }
}

/** Returns an image as a data URL; any other file without its data. */
export const fileData = ({ mediaType, ...file }: FileAt, data: string): unknown =>
  mediaType === undefined ? file : `data:${mediaType};base64,${data.replace(PREFIX, '')}`

/** Returns the file of a message with this number, in base64. */
export function fileIn(item: unknown, number: number): FileData | undefined {
  const found: FileData[] = []
  const file = (at: FileAt, data: string): null => {
    if (at.file === number) found.push({ data: data.replace(PREFIX, ''), mediaType: at.mediaType })
    return null
  }
  shownItem(item, 0, { file })
  return found[0]
}

export interface FileData {
  data: string
  /** Given only for an image that a browser may show. */
  mediaType: string | undefined
}

const MOST_VALUES = 20_000
const PREFIX = /^data:[\w/+.;=-]{1,100},/

/** Data rather than an address. */
const BASE64 = /^(?:data:[\w/+.;=-]{1,100},)?[A-Za-z0-9+/_-]+={0,2}$/

function fileOf(text: string, file: number): FileAt {
  const data = text.slice(0, 200).replace(PREFIX, '')
  const mediaType = Object.keys(IMAGES).find((type) => IMAGES[type]?.test(data))
  const bytes = Math.floor(((text.length - text.slice(0, 200).length + data.length) * 3) / 4)
  return { file, bytes, ...(mediaType !== undefined && { mediaType }) }
}
