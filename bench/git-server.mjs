// @ts-check
/** The git server and the counting proxy of the tests, as this Node runs them. */
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

/**
 * @param {string} folder where their code is put
 * @returns {Promise<typeof import('../test/support/git-server.ts') & typeof import('../test/support/wire-proxy.ts')>}
 */
export async function gitServer(folder) {
  const support = fileURLToPath(new URL('../test/support/', import.meta.url))
  const entryPoints = ['git-server.ts', 'wire-proxy.ts'].map((name) => join(support, name))
  await build({
    entryPoints,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    platform: 'node',
  })
  const load = (/** @type {string} */ name) => import(pathToFileURL(join(folder, name)).href)
  return { ...(await load('git-server.mjs')), ...(await load('wire-proxy.mjs')) }
}
