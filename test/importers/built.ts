/** The built package, whose imports read in a thread, and large files for it. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from '../support/build.ts'

/** A module whose types are not known here: it is built, or is no TypeScript. */
const imported = <T>(path: string): Promise<T> => import(pathToFileURL(join(ROOT, path)).href)
export const built = await imported<typeof import('../../src/importers/index.ts')>('dist/importers/index.js')
export const { GitSessionStore: BuiltStore } =
  await imported<typeof import('../../src/index.ts')>('dist/index.js')
export const { writeToolFile } = await imported<{
  writeToolFile(tool: string, path: string, limits: { bytes: number }): void
}>('bench/tool-files.mjs')
