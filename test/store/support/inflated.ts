/** Everything that a store's folder holds, inflated where it is compressed. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export function everythingIn(folder: string): { name: string; bytes: Buffer }[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .map((name) => ({ name, bytes: readFileSync(join(folder, name)) }))
  const objects = spawnSync(
    'git',
    ['--git-dir', folder, 'cat-file', '--batch', '--batch-all-objects', '--unordered'],
    { maxBuffer: 1 << 28 },
  )
  return [...files, { name: 'objects', bytes: Buffer.concat([objects.stdout, objects.stderr]) }]
}
