/** Programs of the packages in `test/clients`, called directly: nothing of them was run when they were installed. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const MODULES = join(import.meta.dirname, '../node_modules')
const PLATFORM = `${process.platform}-${process.arch}`

/** A file of a package. `$platform` stands for such as `linux-x64`. */
export function installed(...path: readonly string[]): string | undefined {
  const file = join(MODULES, ...path).replaceAll('$platform', PLATFORM)
  return existsSync(file) ? file : undefined
}

export function versionOf(name: string): string {
  const file = installed(name, 'package.json')
  return file === undefined ? '' : (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

/** A script that needs a newer Node than this one: run by that of npm where this is too old. */
export function withNode22(script: string | undefined): readonly string[] | undefined {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isNew = major > 22 || (major === 22 && minor >= 19)
  const node = isNew ? process.execPath : installed('node-$platform', 'bin', 'node')
  return node === undefined || script === undefined ? undefined : [node, script]
}
