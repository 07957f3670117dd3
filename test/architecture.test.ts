/** The floors of `docs/architecture.md`, read from the import lines. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { describe, expect, test } from 'vitest'

const SRC = resolve(import.meta.dirname, '../src')

/** Ground first. A folder may import what is below it, and itself. */
const FLOORS: readonly (readonly string[])[] = [
  ['errors.ts', 'excerpt.ts', 'folders.ts', 'ids.ts', 'json-value.ts', 'time-slice.ts'],
  ['state'],
  ['git'],
  ['codec'],
  ['redaction'],
  ['checkpoints'],
  ['store'],
  ['sync', 'maintenance'],
  ['importers'],
  ['adapters'],
  ['agent'],
  ['testing'],
  ['cli'],
]
/** Names every export, and is imported by nobody below the command line. */
const INDEX = 'index.ts'
/** What knows nothing of what, although it stands below. */
const STRANGERS: Readonly<Record<string, readonly string[]>> = {
  git: ['state', 'codec'],
  codec: ['git'],
}

/**
 * What runs the native git has to find it, hand it an environment, and judge ownership as git does (SUDO_UID). An
 * agent's configuration names variables: they are read at its door, where they can be given instead, and passed on.
 */
const READS_ENVIRONMENT = ['git/native-git.ts', 'git/native-trust.ts', 'agent/agent.ts']

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.split(sep).join('/'))
  .sort()
const textOf = (file: string): string => readFileSync(join(SRC, file), 'utf8')

/** Without comments, so that what one says is not taken for what the code does. */
const codeOf = (file: string): string =>
  textOf(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '$1')

/** The import and export statements that name another file or package. */
const statementsOf = (file: string) =>
  [...codeOf(file).matchAll(/^(?:import|export)\s+(type\s)?(?:[\w\s{},*$]+?\sfrom\s+)?'([^']+)'/gm)].map(
    ([, type, specifier]) => ({ typeOnly: type !== undefined, specifier: specifier! }),
  )

/** Everything that a file imports, as it is written. */
function importsOf(file: string): string[] {
  const dynamic = [...codeOf(file).matchAll(/\bimport\(\s*'([^']+)'/g)].map(([, specifier]) => specifier!)
  return [...statementsOf(file).map(({ specifier }) => specifier), ...dynamic]
}

/** The folder (or ground file) that a file of ours belongs to. */
const houseOf = (file: string): string => file.split('/')[0]!
const floorOf = (house: string): number => FLOORS.findIndex((houses) => houses.includes(house))
const target = (file: string, specifier: string): string =>
  relative(SRC, resolve(SRC, dirname(file), specifier))
    .split(sep)
    .join('/')

describe('the floors', () => {
  test('every folder has its floor', () => {
    const houses = new Set(files.map(houseOf))
    houses.delete(INDEX)
    expect([...houses].filter((house) => floorOf(house) === -1)).toEqual([])
    expect(importsOf('store/session-store.ts')).toContain('../state/session.ts')
  })

  test('imports go down or stay in the folder', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => ({ from: houseOf(file), to: houseOf(target(file, specifier)), file, specifier }))
        .filter(
          ({ from, to }) => from !== INDEX && from !== to && !(floorOf(to) < floorOf(from) && to !== INDEX),
        )
        // The files on the ground floor are one house.
        .filter(({ from, to }) => !(floorOf(from) === 0 && floorOf(to) === 0))
        .filter(({ from, to }) => !(from === 'cli' && to === INDEX))
        .map((one) => `${one.file} imports ${one.specifier}`),
    )
    expect(wrong).toEqual([])
  })

  test('git knows nothing of sessions, codec nothing of git', () => {
    const wrong = files.flatMap((file) => {
      const strangers = STRANGERS[houseOf(file)] ?? []
      return importsOf(file)
        .filter(
          (specifier) => specifier.startsWith('.') && strangers.includes(houseOf(target(file, specifier))),
        )
        .map((specifier) => `${file} imports ${specifier}`)
    })
    expect(wrong).toEqual([])
  })

  test('no two files import each other, not even over others', () => {
    const graph = new Map(
      files.map((file) => [
        file,
        statementsOf(file)
          // Types leave no trace at run time.
          .filter(({ specifier, typeOnly }) => specifier.startsWith('.') && !typeOnly)
          .map(({ specifier }) => target(file, specifier)),
      ]),
    )
    const done = new Set<string>()
    const circles: string[] = []
    const visit = (file: string, way: readonly string[]): void => {
      if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' → '))
      if (done.has(file) || way.includes(file)) return
      for (const next of graph.get(file) ?? []) visit(next, [...way, file])
      done.add(file)
    }
    for (const file of files) visit(file, [])
    expect(circles).toEqual([])
  })
})

test('relative imports end in .ts', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => specifier.startsWith('.') && !specifier.endsWith('.ts'))
      .map((specifier) => `${file} imports ${specifier}`),
  )
  expect(wrong).toEqual([])
})

test('packages are the ones we depend on; frameworks only in adapters', () => {
  const manifest = JSON.parse(readFileSync(resolve(SRC, '../package.json'), 'utf8'))
  const ours = Object.keys(manifest.dependencies)
  const frameworks = Object.keys(manifest.peerDependencies ?? {})
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
      .map((specifier) => specifier.match(/^(?:@[^/]+\/)?[^/]+/)![0])
      .filter((name) => !ours.includes(name) && !(houseOf(file) === 'adapters' && frameworks.includes(name)))
      .map((name) => `${file} imports ${name}`),
  )
  expect(wrong).toEqual([])
})

test('only the command line prints or exits, and only what runs git or makes an agent reads the environment as well', () => {
  const loud = /\bconsole\.|\bprocess\.(?:exit|exitCode|stdout|stderr|stdin|argv)\b|from 'node:readline'/
  const linesWith = (file: string, forbidden: RegExp) =>
    codeOf(file)
      .split('\n')
      .filter((line) => forbidden.test(line))
      .map((line) => `${file}: ${line.trim()}`)
  const library = files.filter((file) => houseOf(file) !== 'cli')
  expect(library.flatMap((file) => linesWith(file, loud))).toEqual([])
  const readers = library.filter((file) => linesWith(file, /\bprocess\.env\b/).length > 0)
  expect(readers.filter((file) => !READS_ENVIRONMENT.includes(file))).toEqual([])
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
  expect(files.filter((file) => /(?:^|\/)(?:utils?|helpers?|misc|common)\.ts$/.test(file))).toEqual([])
})
