/** The object layer as JavaScript, for tests that need processes of their own. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const PROJECT = resolve(import.meta.dirname, '../../..')

/** Compiles `src/git` into `folder`. */
export function buildGitLayer(folder: string): void {
  mkdirSync(folder, { recursive: true })
  const config = {
    extends: join(PROJECT, 'tsconfig.build.json'),
    compilerOptions: {
      rootDir: join(PROJECT, 'src'),
      outDir: folder,
      declaration: false,
      typeRoots: [join(PROJECT, 'node_modules/@types')],
    },
    include: [join(PROJECT, 'src/git')],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  execFileSync(join(PROJECT, 'node_modules/.bin/tsc'), ['-p', folder], { stdio: 'pipe' })
}
