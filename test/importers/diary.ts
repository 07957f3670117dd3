/** The importer of a tool that does not exist: how little one takes. */
import {
  detectByLine,
  type Importer,
  type Meaning,
  readByLine,
  writeByLine,
} from '../../src/importers/index.ts'
import type { JsonObject } from '../../src/json-value.ts'

/** A line of a diary: `{ "at": 1767323045000, "id": "2", "after": "1", "who": "me" | "it", "said": "…" }`. */
export const diary: Importer = {
  name: 'diary',
  title: 'Diary',
  description: 'diaries',
  input: 'a .diary file, or a folder of them',
  folder: '~/diaries',
  format: 1,
  extension: '.diary',
  detect: (source) => detectByLine(source, ({ who }) => who !== undefined),
  read: (source, options) => readByLine(source, options, meaningOf),
  write: writeByLine,
}

function meaningOf({ at, id, after, who, said, session }: JsonObject): Meaning {
  const content = typeof said === 'string' ? said : undefined
  return {
    ...(typeof at === 'number' ? { time: at } : {}),
    ...(typeof id === 'string' ? { id } : {}),
    ...(typeof after === 'string' || after === null ? { parent: after } : {}),
    ...(typeof session === 'string' ? { sessionId: session } : {}),
    ...(content === undefined
      ? { type: typeof who === 'string' ? who : 'unknown' }
      : { message: { role: who === 'me' ? 'user' : 'assistant', content } }),
    ...(who === 'me' && content !== undefined ? { prompt: content } : {}),
  }
}
