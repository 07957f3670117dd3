// @ts-check
/**
 * node scripts/code.mjs <folder>: the code of the package, a file for each entry and chunks that they share. `build.mjs` runs
 * it, so that building stays one call that returns when it is done: esbuild has plugins only where it does not block.
 *
 * esbuild makes a chunk for each set of entries that have something in common, and what is loaded lazily is an entry too. So
 * what `forkpoint` itself needs would lie in three dozen files, and to find a file takes Node as long as to compile 20 KB. All
 * that is loaded only after `forkpoint` is therefore said to need all of it. That loads nothing more, and leaves a dozen.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { INLINED, ROOT } from './build.mjs'

/** Entries that nobody imports by name: the command line, a thread, and what our own scripts and tests run. */
const MORE_ENTRIES = ['cli/main', 'folders', 'agent/tools/index', 'importers/aside/thread']
const SOURCE = join(ROOT, 'src')
const CORE = join(SOURCE, 'index.ts')

/** @param {string} folder */
async function writeCode(folder) {
  const { exports, dependencies, peerDependencies } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  )
  const exported = Object.values(exports).flatMap(({ default: path }) =>
    path === undefined ? [] : [path.replace('./dist/', '').replace(/\.js$/, '')],
  )
  const entries = [...exported, ...MORE_ENTRIES].map((path) => join(SOURCE, `${path}.ts`))
  const packages = Object.keys({ ...dependencies, ...peerDependencies })
  await build({
    absWorkingDir: ROOT,
    entryPoints: entries,
    outdir: folder,
    outbase: 'src',
    // One folder below dist, as the command line is: it looks for package.json two above itself.
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    external: packages.filter((name) => !INLINED.includes(name)).flatMap((name) => [name, `${name}/*`]),
    keepNames: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    // The imports that are added have no effect but on chunks.
    logOverride: { 'ignored-bare-import': 'silent' },
    plugins: [
      onTopOfCore(new Set([...lazyParts(), ...entries.filter((path) => path.includes('/adapters/'))])),
    ],
  })
}

/**
 * Adds an import of the core to these files.
 *
 * @param {ReadonlySet<string>} files
 * @returns {import('esbuild').Plugin}
 */
const onTopOfCore = (files) => ({
  name: 'on top of core',
  setup(building) {
    building.onResolve({ filter: /^core:$/ }, () => ({ path: CORE }))
    building.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (!files.has(path)) return undefined
      const contents = `import 'core:'\n${readFileSync(path, 'utf8')}`
      return { contents, loader: 'ts', resolveDir: dirname(path) }
    })
  },
})

/** Files that others import when they need them, but for those that are also part of an entry that is used alone. */
function lazyParts() {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )
  const found = files.flatMap((name) => {
    const text = readFileSync(join(SOURCE, name), 'utf8')
    return [...text.matchAll(/\bimport\(\s*'(\.[^']+)'/g)].map(([, to = '']) =>
      join(SOURCE, dirname(name), to),
    )
  })
  return found.filter((path) => !path.startsWith(join(SOURCE, 'redaction')))
}

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('usage: node scripts/code.mjs <folder>')
  process.exitCode = 2
} else await writeCode(folder)
