/**
 * Pages of real sessions, whose files lie beside the repository and are not part of it.
 *
 * PICKAXED=1000 npx vitest run test/importers/pages.test.ts
 *
 * asks `git log -S` for so many lines of each, which takes some minutes; otherwise for a few.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importClaudeCode } from '../../src/importers/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'

const folder = join(import.meta.dirname, '../../../shared/transcripts/claude-code')
const all = existsSync(folder)
  ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => join(folder, name))
      .sort((a, b) => readFileSync(b).length - readFileSync(a).length)
  : []
/** The longest, and the longest of those whose sub-agents speak in lines of their own. */
const files = [
  ...all.slice(0, 3),
  ...all
    .slice(3)
    .filter((path) => readFileSync(path, 'utf8').includes('"isSidechain":true'))
    .slice(0, 1),
]
if (files.length === 0) console.warn(`No real transcripts in ${folder}: their pages are not tested.`)

/** Every text that people, model and tools said in a transcript. */
function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) if (!NO_TEXT.has(key)) yield* textsIn(inner)
}
const NO_TEXT = new Set([
  'id',
  'type',
  'tool_use_id',
  'signature',
  'data',
  'media_type',
  'role',
  'model',
  'usage',
  'stop_reason',
  'stop_sequence',
  'caller',
  'container',
  'context_management',
  'name',
])

const HIDDEN = /(?!\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u

/** The lines of a transcript as they were said, each once; `isProse`: by a person or a model, and not to or by a tool. */
function linesOf(path: string): { line: string; isProse: boolean }[] {
  const found = new Map<string, boolean>()
  for (const row of readFileSync(path, 'utf8').split('\n')) {
    const entry = row === '' ? {} : JSON.parse(row)
    // A sub-agent's words, as newer versions keep them.
    const { type, message } = entry.data?.type === 'agent_progress' ? entry.data.message : entry
    if ((type !== 'user' && type !== 'assistant') || message === undefined) continue
    const blocks = typeof message.content === 'string' ? [message.content] : message.content
    for (const block of blocks) {
      const isProse = typeof block === 'string' || block.type === 'text' || block.type === 'thinking'
      for (const text of textsIn(block))
        for (const line of text.split(/\r?\n/))
          if (line !== '' && !HIDDEN.test(line)) found.set(line, isProse || found.get(line) === true)
    }
  }
  return [...found].map(([line, isProse]) => ({ line, isProse }))
}

/** At most so many of all, picked at random, and the same each time. */
function randomOf<T>(all: readonly T[], most: number): T[] {
  let seed = 10
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return seed / 2 ** 32
  }
  const left = [...all]
  return Array.from(
    { length: Math.min(most, all.length) },
    () => left.splice(Math.floor(random() * left.length), 1)[0]!,
  )
}

const LINES = 1000
const PICKAXED = Number(process.env.PICKAXED ?? 10)

/**
 * Lines of `git log -p` that tell nothing of the conversation: what git says of commits and files, trailers, fences, empty
 * lines and marks between what was said. Who speaks, when, and which tool is used is told by others.
 */
function bookkeepingIn(lines: readonly string[]): number {
  let count = 0
  let fence: string | undefined
  let isDiff = false
  for (const line of lines) {
    if (line.startsWith('commit ') || line.startsWith('diff --git ')) {
      isDiff = line.startsWith('diff')
      fence = undefined
    }
    const said = isDiff && line.startsWith('+') && !line.startsWith('+++ ') ? line.slice(1) : undefined
    const isFence =
      said !== undefined && (fence === undefined ? /^`{3,}(?:diff)?$/.test(said) : said === fence)
    if (isFence) fence = fence === undefined ? said.replace('diff', '') : undefined
    if (!isDiff && /^ {4}\S/.test(line) && !line.startsWith('    Forkpoint-')) continue
    if (said === undefined || isFence) count++
    else if (
      fence === undefined &&
      /^(?:|<!--.*|\*(?:thinking|says|was|is|error)\*|Cut here; .*)$/.test(said)
    )
      count++
  }
  return count
}

describe.skipIf(files.length === 0)('pages of real sessions', () => {
  test.each(files)(
    '%s: git finds each line as it was said',
    { timeout: 600_000 + PICKAXED * 3000 },
    async (path) => {
      const root = tempFolder()
      const store = new GitSessionStore(root)
      await importClaudeCode(path, store)
      const report = await store.verify()
      expect([report.problems, report.foreign]).toEqual([[], undefined])
      await store.close()
      const all = linesOf(path)
      const findable = all.filter(({ line }) => line.trim().length >= 8 && line.length < 1000)
      const lines = randomOf(findable, LINES).map(({ line }) => line)
      expect(lines.length).toBeGreaterThan(50)
      const patterns = join(tempFolder(), 'patterns')
      writeFileSync(patterns, `${lines.join('\n')}\n`)
      const branch = gitText(root, ['for-each-ref', '--format=%(refname:short)', 'refs/heads'])
        .split('\n')
        .find((name) => name.endsWith('/main'))!
      const found = git(root, ['grep', '-F', '-h', '-a', '-f', patterns, branch]).toString()
      expect(lines.filter((line) => !found.includes(line))).toEqual([])
      const shown = git(root, ['log', '--first-parent', '-p', branch, '--', '*.md']).toString().split('\n')
      expect(bookkeepingIn(shown) / shown.length).toBeLessThan(1 / 5)
      const added = new Set(shown.flatMap((line) => (line.startsWith('+') ? wordsOf(line.slice(1)) : [])))
      expect(all.filter(({ line, isProse }) => isProse && !added.has(line)).map(({ line }) => line)).toEqual(
        [],
      )
      for (const line of lines.slice(0, PICKAXED))
        expect(gitText(root, ['log', '--first-parent', '--format=%h', '-S', line, branch])).not.toBe('')
    },
  )
})

/** A line of a page, and what is quoted in it. */
const wordsOf = (line: string): string[] => (line.startsWith('> ') ? [line, line.slice(2)] : [line])
