/** Shows a JSON value as lines for people, with texts not escaped. */
import { isJsonObject } from '../json-value.ts'

/** @param text returns what is shown of a text in the value */
export function listing(value: unknown, text: (text: string) => string): string {
  const lines: string[] = []
  let room = MOST
  const add = (line: string): void => {
    lines.push(line)
    room -= line.length + 1
  }
  const walk = (inner: unknown, label: string, depth: number): void => {
    if (room < 0) return
    const indent = '  '.repeat(Math.min(depth, DEEPEST))
    if (typeof inner === 'string') {
      const shown = text(inner)
      if (!shown.includes('\n')) {
        add(indent + label + shown)
        return
      }
      if (label !== '') add(indent + label.trimEnd())
      const inside = label === '' ? indent : `${indent}  `
      for (const line of shown.split('\n')) add(line === '' ? '' : inside + line)
      return
    }
    const short = onOneLine(inner)
    if (short !== undefined) {
      add(indent + label + short)
      return
    }
    const entries: Iterable<[string, unknown]> = Array.isArray(inner)
      ? inner.map((one): [string, unknown] => ['- ', one])
      : Object.entries(inner as object).map(([key, one]): [string, unknown] => [`${oneLine(key)}: `, one])
    if (label !== '') add(indent + label.trimEnd())
    for (const [key, one] of entries) {
      walk(one, key, label === '' ? depth : depth + 1)
      if (room < 0) return
    }
  }
  walk(value, '', 0)
  return room < 0 ? [...lines, '…'].join('\n') : lines.join('\n')
}

/** Returns a value as JSON if that is short and needs no escapes; else `undefined`. */
export function onOneLine(value: unknown): string | undefined {
  if ((isJsonObject(value) || Array.isArray(value)) && !isSmall(value)) return undefined
  const json = JSON.stringify(value) ?? 'null'
  return json.length <= SHORT && !json.includes('\\') ? json : undefined
}

const SHORT = 120
const DEEPEST = 20
/** Most characters of one listing. */
const MOST = 1024 * 1024

const oneLine = (key: string): string => key.replaceAll('\n', '\u240a')

/** Whether the value can be short as JSON: it has few values and no long texts. */
function isSmall(value: object): boolean {
  let left = SHORT / 2
  const look = (one: unknown, depth: number): boolean => {
    if (--left < 0 || depth > 8) return false
    if (typeof one === 'string') return one.length <= SHORT
    return (
      typeof one !== 'object' || one === null || Object.values(one).every((inner) => look(inner, depth + 1))
    )
  }
  return look(value, 0)
}
