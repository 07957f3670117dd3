/** The floors and rooms of `docs/architecture.md`, read from the import lines. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EDGES, FLOORS, GROUND, STORE_FOR_ADAPTERS } from './support/edges.ts'

const SRC = resolve(import.meta.dirname, '../src')
const PAGE = resolve(import.meta.dirname, '../docs/architecture.md')
const MOST_FILES = 16
const MOST_LINES = 350

/** Still to be taken apart. */
const LONG: readonly string[] = []

/**
 * What runs the native git has to find it, hand it an environment, and judge ownership as git does (SUDO_UID). An
 * agent's configuration names variables: they are read at its door, where they can be given instead, and passed on. The
 * user's cache is where XDG_CACHE_HOME says.
 */
const READS_ENVIRONMENT = [
  'git/disk/user-cache.ts',
  'git/signing/ssh-keygen.ts',
  'git/upkeep/native/git.ts',
  'git/upkeep/native/trust.ts',
  'git/wire/git-credential.ts',
  'agent/sessions.ts',
]

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => file.split(sep).join('/'))
  .sort()
const textOf = (file: string): string => readFileSync(join(SRC, file), 'utf8')

/** Without comments, so that what one says is not taken for what the code does. */
const codeOf = (file: string): string =>
  textOf(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '$1')

/** Everything that a file imports, as it is written; types too, and what is imported while it runs. */
const importsOf = (file: string): string[] =>
  [
    ...codeOf(file).matchAll(
      /^(?:import|export)\s+(?:type\s)?(?:[\w\s{},*$]+?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'/gm,
    ),
  ].map(([, specifier, dynamic]) => (specifier ?? dynamic)!)

const target = (file: string, specifier: string): string =>
  relative(SRC, resolve(SRC, dirname(file), specifier))
    .split(sep)
    .join('/')

/** Files of ours that a file imports. */
const ours = (file: string): string[] =>
  importsOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => target(file, specifier))

/** The folder that a file is in; a file of the ground is a room of its own. */
const roomOf = (file: string): string => (file.includes('/') ? dirname(file) : file)
const floorOf = (room: string): string => room.split('/')[0]!
/** What runs in a browser. */
const isOfPage = (file: string): boolean => file.startsWith('viewer/page/')
/** Names every export, and is imported by nobody below the command line. */
const INDEX = 'index.ts'

const edges = files
  .filter((file) => file !== INDEX && !GROUND.includes(file))
  .flatMap((file) => ours(file).map((to) => ({ file, to, from: roomOf(file), into: roomOf(to) })))
  .filter(({ from, into }) => from !== into && !GROUND.includes(into))

describe('the floors', () => {
  test('every room is listed', () => {
    const rooms = new Set(files.map(roomOf).filter((room) => room !== INDEX && !GROUND.includes(room)))
    expect([...rooms].filter((room) => EDGES[room] === undefined)).toEqual([])
    expect(Object.keys(EDGES).filter((room) => !rooms.has(room))).toEqual([])
  })

  test('what a room imports is listed', () => {
    const wrong = edges.filter(({ from, into }) => EDGES[from]?.includes(into) !== true)
    expect(wrong.map(({ file, to }) => `${file} imports ${to}`)).toEqual([])
  })

  test('what is listed is imported', () => {
    const used = new Set(edges.map(({ from, into }) => `${from} → ${into}`))
    const listed = Object.entries(EDGES).flatMap(([from, all]) => all.map((into) => `${from} → ${into}`))
    expect(listed.filter((edge) => !used.has(edge))).toEqual([])
  })

  test('floors import only what is below them', () => {
    const height = (room: string) => FLOORS.findIndex(([floor]) => floor === floorOf(room))
    const wrong = Object.entries(EDGES).flatMap(([from, all]) =>
      all
        .filter((into) => floorOf(into) !== floorOf(from) && height(into) >= height(from))
        .map((into) => `${from} → ${into}`),
    )
    expect(wrong).toEqual([])
    expect(Object.keys(EDGES).filter((room) => height(room) === -1)).toEqual([])
  })

  test('the ground imports nothing above it', () => {
    const wrong = GROUND.flatMap((file) => ours(file).filter((to) => !GROUND.includes(to)))
    expect(wrong).toEqual([])
  })

  test('adapters know of the store the contract, and the one file that opens a git store', () => {
    const wrong = edges
      .filter(({ from, into }) => floorOf(from) === 'adapters' && floorOf(into) === 'store')
      .filter(({ file, to }) => !(STORE_FOR_ADAPTERS[to]?.some((user) => file.startsWith(user)) === true))
    expect(wrong.map(({ file, to }) => `${file} imports ${to}`)).toEqual([])
  })

  test('no two files import each other, not even over others, and not for types alone', () => {
    expect(circlesIn(new Map(files.map((file) => [file, ours(file)])))).toEqual([])
  })

  test('rooms of the object layer and of checkpoints import one another one way', () => {
    const rooms = Object.entries(EDGES).filter(([room]) => /^(?:git|checkpoints)(?:\/|$)/.test(room))
    expect(circlesIn(new Map(rooms))).toEqual([])
  })

  test('the page shows the floors as they are', () => {
    expect(readFileSync(PAGE, 'utf8')).toContain(diagram())
  })
})

/** Ways that lead back to where they begin. */
function circlesIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (node: string, way: readonly string[]): void => {
    if (way.includes(node)) circles.push([...way.slice(way.indexOf(node)), node].join(' → '))
    if (done.has(node) || way.includes(node)) return
    for (const next of graph.get(node) ?? []) visit(next, [...way, node])
    done.add(node)
  }
  for (const node of graph.keys()) visit(node, [])
  return circles
}

/** The floors as a diagram: what each imports, without what is imported by way of another anyway. */
function diagram(): string {
  const below = new Map<string, Set<string>>()
  for (const [from, all] of Object.entries(EDGES)) {
    const own = below.get(floorOf(from)) ?? new Set<string>()
    below.set(floorOf(from), own)
    for (const into of all) if (floorOf(into) !== floorOf(from)) own.add(floorOf(into))
  }
  const reach = (floor: string): Set<string> =>
    new Set([...(below.get(floor) ?? [])].flatMap((next) => [next, ...reach(next)]))
  const names = FLOORS.map(([floor, about]) => `  ${floor}["${floor} — ${about}"]`)
  const arrows = FLOORS.flatMap(([floor]) => {
    const direct = [...(below.get(floor) ?? [])]
    const far = new Set(direct.flatMap((next) => [...reach(next)]))
    return direct
      .filter((next) => !far.has(next))
      .sort()
      .map((next) => `  ${floor} --> ${next}`)
  })
  return ['```mermaid', 'flowchart TB', ...names.reverse(), ...arrows.reverse(), '```'].join('\n')
}

test('relative imports end in .ts', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => specifier.startsWith('.') && !/\.tsx?$/.test(specifier))
      .map((specifier) => `${file} imports ${specifier}`),
  )
  expect(wrong).toEqual([])
})

test('packages are the ones we depend on; frameworks only in adapters; what is bundled only in the page', () => {
  const manifest = JSON.parse(readFileSync(resolve(SRC, '../package.json'), 'utf8'))
  const dependencies = Object.keys(manifest.dependencies)
  const frameworks = Object.keys(manifest.peerDependencies ?? {})
  const bundled = Object.keys(manifest.devDependencies).map((name) => name.replace('@types/', ''))
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
      .map((specifier) => specifier.match(/^(?:@[^/]+\/)?[^/]+/)![0])
      .filter(
        (name) =>
          !dependencies.includes(name) &&
          !(floorOf(file) === 'adapters' && frameworks.includes(name)) &&
          !(isOfPage(file) && bundled.includes(name)),
      )
      .map((name) => `${file} imports ${name}`),
  )
  expect(wrong).toEqual([])
})

test('only the command line prints or exits, and only what runs git or ssh-keygen or makes an agent reads the environment as well', () => {
  const loud = /\bconsole\.|\bprocess\.(?:exit|exitCode|stdout|stderr|stdin|argv)\b|from 'node:readline'/
  const linesWith = (file: string, forbidden: RegExp) =>
    codeOf(file)
      .split('\n')
      .filter((line) => forbidden.test(line))
      .map((line) => `${file}: ${line.trim()}`)
  const library = files.filter((file) => floorOf(file) !== 'cli')
  expect(library.flatMap((file) => linesWith(file, loud))).toEqual([])
  const readers = library.filter((file) => linesWith(file, /\bprocess\.env\b/).length > 0)
  expect(readers.filter((file) => !READS_ENVIRONMENT.includes(file))).toEqual([])
})

test('the page runs in a browser, and writes no HTML', () => {
  const foreign =
    /'node:|\bBuffer\b|\bprocess\.|innerHTML|outerHTML|dangerously|insertAdjacentHTML|document\.write|\beval\(/
  expect(files.filter(isOfPage).filter((file) => foreign.test(codeOf(file)))).toEqual([])
})

test('folders are made in one place, which ends', () => {
  const roots = ['src', 'bench', 'scripts', 'examples'].map((name) => resolve(SRC, '..', name))
  const makers = roots.flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(?:ts|mjs)$/.test(file) && !file.includes('node_modules'))
      .filter((file) => /mkdir(?:Sync)?\([^)]*recursive/.test(readFileSync(join(root, file), 'utf8')))
      .map((file) => join(root, file)),
  )
  expect(makers).toEqual([])
})

test('no file is called after nothing in particular', () => {
  expect(files.filter((file) => /(?:^|\/)(?:utils?|helpers?|misc|common)\.tsx?$/.test(file))).toEqual([])
})

test('rooms and files are small', () => {
  const rooms = new Map<string, number>()
  for (const file of files) rooms.set(dirname(file), (rooms.get(dirname(file)) ?? 0) + 1)
  expect([...rooms].filter(([, count]) => count > MOST_FILES)).toEqual([])
  expect(
    files.filter((file) => textOf(file).split('\n').length - 1 > MOST_LINES && !LONG.includes(file)),
  ).toEqual([])
})
