// @ts-check
/**
 * node scripts/bundle.mjs <folder>: the whole command line as one file, `dist/cli/forkpoint.mjs` in that folder, with the
 * package.json that it looks for above it, and `LICENSES.txt`: the licences of every package that is in it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { buildIfStale, INLINED, ROOT } from './build.mjs'
import { licencesOf, SEPARATOR } from './licences.mjs'

/** @param {string} folder */
export async function bundle(folder) {
  buildIfStale()
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['dist/cli/main.js'],
    outfile: join(folder, 'dist', 'cli', 'forkpoint.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    metafile: true,
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
    // Chunks of dist import each other by name alone to keep their order; they have no effects of their own.
    logOverride: { 'ignored-bare-import': 'silent' },
    // Packages in the older form of modules call it.
    banner: {
      js: "import { createRequire as createRequireHere } from 'node:module'; const require = createRequireHere(import.meta.url);",
    },
  })
  const { name, version, license } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify({ name, version, license, type: 'module' })}\n`,
  )
  const found = Object.keys(metafile.inputs).flatMap(
    (path) => path.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1] ?? [],
  )
  const packages = new Set([...INLINED.map((name) => `node_modules/${name}`), ...found])
  const own = `${name} ${version} (${license})\n\n${readFileSync(join(ROOT, 'LICENSE'), 'utf8')}`
  const others = licencesOf([...packages].sort().map((path) => join(ROOT, path)))
  writeFileSync(join(folder, 'LICENSES.txt'), own + SEPARATOR + others)
}

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('usage: node scripts/bundle.mjs <folder>')
  process.exitCode = 2
} else {
  await bundle(resolve(folder))
}
