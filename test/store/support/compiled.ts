/** The source as JavaScript, for tests that need processes of their own. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const ROOT = resolve(import.meta.dirname, '../../..')

export interface Compiled {
  /** URL to import a source file by, such as `store/file-session-store.ts`. */
  url(file: string): string
  remove(): void
}

/** Compiles once; a second or two. */
export function compile(): Compiled {
  const folder = mkdtempSync(join(tmpdir(), 'forkpoint-compiled-'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const options = [
    '-p',
    join(ROOT, 'tsconfig.build.json'),
    '--outDir',
    join(folder, 'src'),
    '--declaration',
    'false',
  ]
  execFileSync(process.execPath, [tsc, ...options, '--noEmitOnError', 'false'], { stdio: 'pipe' })
  return {
    url: (file) => pathToFileURL(join(folder, 'src', file.replace(/\.ts$/, '.js'))).href,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
