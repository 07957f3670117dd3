/** Exports a session as one Markdown file: the pages of its turns, one after the other. */
import { code, quoted } from '../../view/page/markdown.ts'
import { pageOfTurn } from '../../view/page/page.ts'
import type { Turn } from '../wire.ts'
import type { Clean } from './html.ts'
import type { Reading } from './reading.ts'

/** @param clean removes secrets */
export async function* markdownOf({ view, items, runs }: Reading, clean: Clean): AsyncGenerator<string> {
  const { session, title, tip, turns, start, messages: end } = view
  yield `# ${code(title === undefined || title === '' ? session : title)}\n\n${code(session)} at ${code(tip.slice(0, 10))}\n`
  let from = start
  for (const [number, turn] of turns.entries()) {
    const to = number === turns.length - 1 ? end : Math.max(from, turn.to)
    yield `\n${headOf(turn)}\n`
    const said = (await clean(items.slice(from, to))) as readonly unknown[]
    const own = runs.filter(({ id }) => id === turn.run)
    const page = pageOfTurn({
      items: said.map((item, offset) => ({ ...SOURCE, item, index: from + offset })),
      removed: [],
      runs: ((await clean(own)) as typeof own).map((run) => ({ ...SOURCE, run, events: [] })),
    })
    let isFirst = true
    for (const piece of page) {
      // The first line of a page only names its renderer.
      if (!isFirst) yield piece
      isFirst = false
    }
    from = to
  }
}

/** All texts are complete; only binary data is left out. */
const SOURCE = { fileOf: () => 'the session', longest: Number.POSITIVE_INFINITY }

function headOf({ seq, subject, createdAt, id }: Turn): string {
  const about = subject.replace(/^turn \d+: /, '')
  const facts = `${createdAt.slice(0, 16).replace('T', ' ')} · ${code(id.slice(0, 10))}`
  return about === subject ? `## Turn ${seq}\n\n${quoted(subject)}\n\n${facts}` : `## Turn ${seq}\n\n${facts}`
}
