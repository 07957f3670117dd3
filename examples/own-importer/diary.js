// @ts-check
/** The importer of a tool that forkpoint does not know. A line: `{"at":1767323045000,"who":"me","said":"Go"}`. */
import { detectByLine, readByLine, writeByLine } from 'forkpoint/importers'

/** @type {import('forkpoint/importers').Importer} */
export default {
  name: 'diary',
  title: 'Diary',
  description: 'diaries',
  input: 'a .diary file, or a folder of them',
  folder: '~/diaries',
  format: 1,
  extension: '.diary',
  detect: (source) =>
    detectByLine(source, ({ who, at }) => typeof who === 'string' && typeof at === 'number'),
  read: (source, options) => readByLine(source, options, meaningOf),
  write: writeByLine,
}

/**
 * What a line means. Any field may be missing or odd: what is no message becomes an event, and nothing is lost.
 *
 * @type {import('forkpoint/importers').MeaningOf}
 */
function meaningOf({ at, who, said }) {
  const time = typeof at === 'number' ? { time: at } : {}
  if (typeof said !== 'string') return { ...time, type: 'note' }
  if (who !== 'me') return { ...time, message: { role: 'assistant', content: said } }
  return { ...time, prompt: said, message: { role: 'user', content: said } }
}
