// @ts-check
/**
 * node scripts/bundle.mjs <folder>: the whole command line as one file, `dist/cli/forkpoint.mjs` in that folder, with the
 * package.json that it looks for above it, and `LICENSES.txt`: the licences of every package that is in it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { buildIfStale, ROOT } from './build.mjs'

const LICENCE = /^(?:licen[cs]e|notice)(?:[.-].*)?$/i

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
  const packages = new Set(
    Object.keys(metafile.inputs).flatMap(
      (path) => path.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1] ?? [],
    ),
  )
  const texts = [...packages].sort().map((path) => licenceOf(join(ROOT, path)))
  const own = `${name} ${version} (${license})\n\n${readFileSync(join(ROOT, 'LICENSE'), 'utf8')}`
  writeFileSync(join(folder, 'LICENSES.txt'), [own, ...texts].join(`\n${'-'.repeat(72)}\n\n`))
}

/** @param {string} folder of a package */
function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (typeof license !== 'string') throw new Error(`${name} does not say under which licence it is`)
  const files = readdirSync(folder).filter((file) => LICENCE.test(file))
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim())
  return `${name} ${version} (${license})\n\n${texts.length === 0 ? 'Its package has no text of the licence.' : texts.join('\n\n')}\n`
}

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('usage: node scripts/bundle.mjs <folder>')
  process.exitCode = 2
} else {
  await bundle(resolve(folder))
}
