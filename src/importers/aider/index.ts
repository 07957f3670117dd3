/** Aider: `.aider.chat.history.md`, a Markdown file. A session begins at each start of aider. */
import { isUtf8 } from 'node:buffer'
import type { JsonObject } from '../../json-value.ts'
import { type ByteSource, ofBytes } from '../byte-source.ts'
import { readByLine, writeByLine } from '../core/lines/by-line.ts'
import type { LineContext, Meaning } from '../core/lines/meaning.ts'
import { timeOf } from '../core/lines/parts.ts'
import type { Importer } from '../importer.ts'

export const aider: Importer = {
  name: 'aider',
  title: 'aider',
  description: 'aider chat histories',
  input: 'an .aider.chat.history.md, or a folder that has some',
  format: 1,
  extension: '.aider.chat.history.md',
  sessions,
  read: (source, options) => readByLine(source, options, meaningOf),
  write: writeByLine,
}

const START = /^# aider chat started at (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)/

async function* sessions(source: ByteSource): AsyncGenerator<ByteSource> {
  const head = await source.read(0, Math.min(source.size, 256)).catch(() => Buffer.alloc(0))
  if (!/^\s*# aider chat started at /.test(head.toString('utf8'))) return
  const bytes = await source.read(0, source.size)
  if (!isUtf8(bytes)) return
  const lines = bytes.toString('utf8').match(/[^\n]*\n|[^\n]+$/g) ?? []
  let from = 0
  for (let at = 1; at <= lines.length; at++) {
    const here = lines[at]
    if (here !== undefined && (!START.test(here) || !lines.slice(from, at).some((line) => START.test(line))))
      continue
    yield sessionOf(lines.slice(from, at), source)
    from = at
  }
}

function sessionOf(lines: readonly string[], { modified }: ByteSource): ByteSource {
  const start = lines.map((line) => START.exec(line)).find((found) => found !== null)
  const name = `aider-${start?.[1]}T${start?.[2]?.replaceAll(':', '-')}.aider.chat.history.md`
  const text = lines.map((line) => `${JSON.stringify({ text: line })}\n`).join('')
  return { ...ofBytes(name, Buffer.from(text)), modified, frame: { kind: 'text', text: '' } }
}

/**
 * Returns the meaning of one line of Markdown: `#### ` marks the user's text, `> ` aider's output; everything else is
 * the model's text.
 */
function meaningOf({ text: given }: JsonObject, { line }: LineContext): Meaning {
  const text = typeof given === 'string' ? given : ''
  const start = START.exec(text)
  // Aider writes local time without a time zone.
  if (start !== null) return { type: 'start', time: timeOf(`${start[1]}T${start[2]}Z`) ?? 0 }
  if (text.startsWith('#### ')) {
    const content = text.slice(5)
    return { prompt: content, message: { role: 'user', content }, joins: 'text' }
  }
  if (text.startsWith('>')) {
    const model = /^> (?:Main model|Model): (\S+)/.exec(text)?.[1]
    return { type: 'output', ...(model === undefined ? {} : { about: { model } }) }
  }
  if (text.trim() === '' || line === 1) return { type: 'blank', ...(text.trim() === '' ? {} : {}) }
  return { message: { role: 'assistant', content: text }, joins: 'text' }
}
