/** Random edits of a folder, snapshots in between, and restores: what is restored is what was there, byte for byte. */
import { chmodSync, existsSync, lstatSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeDisk } from '../../src/workspace/disk/disk.ts'
import { type Content, contentOf, write } from './support/folder.ts'
import { type Scene, scene } from './support/store.ts'

const SEEDS = process.env.FORKPOINT_SOAK === '1' ? 1000 : 24
const STEPS = 10

for (let from = 1; from <= SEEDS; from += 8) {
  const seeds = Array.from({ length: Math.min(8, SEEDS - from + 1) }, (_, n) => from + n)
  test(`what is restored is what was there (seeds ${from} to ${seeds.at(-1)})`, async () => {
    for (const seed of seeds)
      await run(seed).catch((cause) => Promise.reject(new Error(`seed ${seed}`, { cause })))
  }, 60_000)
}

const NAMES = ['a', 'b.txt', 'c.log', 'README', 'tmp1', 'x y', 'ö', 'deep.ts', '.hidden', 'out']
const FOLDERS = ['', 'src/', 'src/lib/', 'out/', 'docs/', 'a/']
const RULES = ['', '*.log\n', '/out/\n', 'tmp*\n', '*.log\n!c.log\n/docs/\n']

/** What each of the rules ignores. */
const IGNORES: readonly ((path: string) => boolean)[] = [
  () => false,
  (path) => path.split('/').some((part) => part.endsWith('.log')),
  (path) => (path === 'out' ? false : path.startsWith('out/')),
  (path) => path.split('/').some((part) => part.startsWith('tmp')),
  (path) =>
    path.startsWith('docs/') || path.split('/').some((part) => part.endsWith('.log') && part !== 'c.log'),
]
const ignoredBy = (content: Content): ((path: string) => boolean) =>
  IGNORES[Math.max(0, RULES.indexOf(content['.gitignore'] ?? ''))]!
const held = (content: Content): Content => {
  const ignores = ignoredBy(content)
  return Object.fromEntries(Object.entries(content).filter(([path]) => !ignores(path)))
}

async function run(seed: number): Promise<void> {
  const random = mulberry(seed)
  const below = (n: number): number => Math.floor(random() * n)
  const pick = <T>(all: readonly T[]): T => all[below(all.length)]!
  /** Every content that a path ever had. */
  const ever = new Map<string, Set<string>>()
  let busy: (() => void) | undefined
  const disk: typeof nodeDisk = {
    ...nodeDisk,
    statMany: (paths) => {
      busy?.()
      return nodeDisk.statMany(paths)
    },
    read: (path) => {
      busy?.()
      return nodeDisk.read(path)
    },
  }
  const made = scene({}, { disk })
  const { files, root } = made
  const note = (): void => {
    for (const [path, text] of Object.entries(contentOf(root)))
      ever.set(path, (ever.get(path) ?? new Set()).add(text))
  }
  const edit = (): void => {
    const path = `${pick(FOLDERS)}${pick(NAMES)}`
    const kind = below(10)
    try {
      if (kind < 5)
        write(root, { [path]: `${below(4) === 0 ? '#!' : ''}${below(1000)}\n`.repeat(1 + below(3)) })
      else if (kind === 5) write(root, { [path]: undefined })
      else if (kind === 6) write(root, { [path]: `-> ${pick(NAMES)}` })
      else if (kind === 7) renameSync(join(root, path), join(root, `${pick(FOLDERS)}${pick(NAMES)}`))
      else if (kind === 8) write(root, { '.gitignore': pick(RULES) })
      else flipMode(join(root, path))
    } catch (error) {
      // A file is in the way, or nothing is there.
      if ((error as { code?: unknown }).code === undefined) throw error
    }
    note()
  }
  const saved: { id: string; content: Content }[] = []
  for (let step = 0; step < STEPS; step++) {
    for (let n = below(6); n >= 0; n--) edit()
    const isBusy = below(4) === 0
    if (isBusy) {
      let left = 5
      busy = () => {
        if (random() < 0.1 && left-- > 0) edit()
      }
    }
    const id = await made.turn(`${step}`)
    busy = undefined
    if (isBusy) await checkTorn(made, id, ever)
    else {
      expect(await stored(made, id)).toEqual(held(contentOf(root)))
      saved.push({ id, content: contentOf(root) })
    }
    if (saved.length > 0 && below(3) === 0) await checkRestore(made, pick(saved))
    note()
  }
  expect(made.git('fsck', '--strict')).toBe('')
  expect(files.folder).toBe(root)
}

/** A snapshot as a value. */
async function stored({ files }: Scene, id: string): Promise<Content> {
  const content: Content = {}
  for (const { path, kind } of await files.list('demo', id)) {
    const text = (await files.read('demo', id, path)).toString('latin1')
    content[path] = kind === 'link' ? `-> ${Buffer.from(text, 'latin1').toString()}` : text
  }
  return content
}

/** What was taken while others wrote: each file is one that was there. */
async function checkTorn(
  made: Scene,
  id: string,
  ever: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<void> {
  for (const [path, text] of Object.entries(await stored(made, id)))
    expect([...(ever.get(path) ?? [])].map((one) => one.replace(/\n\(mode \d+\)$/, ''))).toContain(text)
}

async function checkRestore(made: Scene, { id, content }: { id: string; content: Content }): Promise<void> {
  const { files, root } = made
  const before = contentOf(root)
  const plan = await files.plan('demo', id)
  expect(contentOf(root)).toEqual(before)
  const { snapshot: _, undo, ...done } = await files.restore('demo', id)
  expect(done).toEqual(plan)
  const kept = new Set(done.kept.map(({ path }) => path))
  const after = contentOf(root)
  const target = held(content)
  for (const [path, text] of Object.entries(target))
    if (!kept.has(path)) expect([path, after[path]]).toEqual([path, text])
  // What is not of the snapshot was there before, and is something that one of both rules ignores.
  const [then, now] = [ignoredBy(content), ignoredBy(before)]
  for (const [path, text] of Object.entries(after)) {
    if (target[path] === text) continue
    expect([path, text]).toEqual([path, before[path]])
    expect(then(path) || now(path) || kept.has(path), path).toBe(true)
  }
  for (const [path, text] of Object.entries(before)) {
    if (now(path)) expect([path, after[path]]).toEqual([path, text])
  }
  if (undo === undefined) return
  const { kept: left } = await files.restore('demo', undo)
  const again = contentOf(root)
  const isLeft = new Set(left.map(({ path }) => path))
  for (const [path, text] of Object.entries(before))
    if (!isLeft.has(path)) expect([path, again[path]]).toEqual([path, text])
}

function flipMode(file: string): void {
  if (!existsSync(file) || !lstatSync(file).isFile()) return
  const isProgram = readFileSync(file, 'latin1').startsWith('#!')
  const text = readFileSync(file, 'latin1')
  writeFileSync(file, isProgram ? text.slice(2) : `#!${text}`, 'latin1')
  chmodSync(file, isProgram ? 0o644 : 0o755)
}

/** Numbers from 0 to 1 that a seed gives. */
function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
