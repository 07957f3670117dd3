/** Builds `dist` once before the tests, for those that run what a user runs. Does nothing while it is up to date. */
import { execFile } from 'node:child_process'
import { chmod, mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DIST = join(ROOT, 'dist')
const STAMP = join(DIST, '.built')

export default async function build(): Promise<void> {
  const newest = await newestBelow(
    join(ROOT, 'src'),
    join(ROOT, 'tsconfig.build.json'),
    join(ROOT, 'tsconfig.json'),
  )
  const built = await stat(STAMP).catch(() => undefined)
  if (built !== undefined && built.mtimeMs > newest) return
  // Beside the old one, then in its place: somebody may be running it.
  const fresh = join(ROOT, 'node_modules', `.dist-${process.pid}`)
  const started = new Date()
  const said = await compile(fresh)
  if ((await stat(join(fresh, 'index.js')).catch(() => undefined)) === undefined) {
    throw new Error(`The build wrote nothing:\n${said}`)
  }
  await chmod(join(fresh, 'cli', 'main.js'), 0o755)
  await writeFile(join(fresh, '.built'), '')
  await utimes(join(fresh, '.built'), started, started)
  const old = `${fresh}-old`
  await rename(DIST, old).catch(() => undefined)
  await rename(fresh, DIST)
  await rm(old, { recursive: true, force: true })
}

/** Types are judged elsewhere; what can be run is run. Returns what the compiler said. */
async function compile(outDir: string): Promise<string> {
  await rm(outDir, { recursive: true, force: true })
  await mkdir(outDir, { recursive: true })
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const args = [tsc, '-p', 'tsconfig.build.json', '--outDir', outDir]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT }).catch(
    (error: { stdout: string }) => error,
  )
  return stdout
}

async function newestBelow(...paths: string[]): Promise<number> {
  let newest = 0
  for (const path of paths) {
    const found = await stat(path)
    newest = Math.max(newest, found.mtimeMs)
    if (!found.isDirectory()) continue
    const names = await readdir(path)
    newest = Math.max(newest, await newestBelow(...names.map((name) => join(path, name))))
  }
  return newest
}
