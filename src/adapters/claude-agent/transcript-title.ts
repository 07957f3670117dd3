/** The title of a session in a list: its own title, else one from the model, else its first prompt. */
import { type Entry, isPrompt, kindOf, stringAt, textOf } from '../../importers/claude-code/entry.ts'
import { shortPrompt } from '../../importers/claude-code/prompt.ts'

export interface Title {
  title?: string
  /** The source of the title. */
  titleFrom?: 'prompt' | 'ai' | 'custom'
}

const RANK = { prompt: 1, ai: 2, custom: 3 }

/** The title after these entries. */
export function titleAfter({ title, titleFrom }: Title, entries: readonly Entry[]): Title {
  let [best, from] = [title, titleFrom]
  for (const entry of entries) {
    const found = titleIn(entry)
    if (found === undefined) continue
    const [text, kind] = found
    const rank = from === undefined ? 0 : RANK[from]
    if (RANK[kind] < rank || (kind === 'prompt' && rank > 0)) continue
    best = text
    from = kind
  }
  return best === undefined || from === undefined ? {} : { title: best, titleFrom: from }
}

function titleIn(entry: Entry): [string, NonNullable<Title['titleFrom']>] | undefined {
  const custom = entry.type === 'custom-title' ? stringAt(entry, 'customTitle') : undefined
  if (custom !== undefined) return [shortPrompt(custom), 'custom']
  const ai = entry.type === 'ai-title' ? stringAt(entry, 'aiTitle') : undefined
  if (ai !== undefined) return [shortPrompt(ai), 'ai']
  if (kindOf(entry, false) !== 'message' || !isPrompt(entry)) return undefined
  const prompt = shortPrompt(textOf(entry))
  return prompt === '' ? undefined : [prompt, 'prompt']
}
