/** The package as it is built. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './support/build.ts'

/** Files that an entry loads before it can be used. */
function filesOf(entry: string): Set<string> {
  const found = new Set<string>()
  const visit = (file: string): void => {
    if (found.has(file)) return
    found.add(file)
    const code = readFileSync(file, 'utf8')
    for (const [, to = ''] of code.matchAll(/^(?:import|export|\})[^\n]*?"(\.[^"]+\.js)";?$/gm))
      visit(join(dirname(file), to))
  }
  visit(join(ROOT, 'dist', entry))
  return found
}

test('an import reads few files: each costs as much as 20 KB of code', () => {
  expect(filesOf('index.js').size).toBeGreaterThan(4)
  // What forkpoint/remote shares with it, which may not bring the file system along, lies apart.
  expect(filesOf('index.js').size).toBeLessThan(19)
})

test('an import needs no other package', () => {
  const code = [...filesOf('index.js')].map((file) => readFileSync(file, 'utf8')).join('\n')
  const imported = [...code.matchAll(/^(?:import|export|\}) [^\n]*?from "([^"./][^"]*)";$/gm)].map(
    ([, name]) => name!,
  )
  expect(imported.length).toBeGreaterThan(4)
  expect(imported.filter((name) => !name.startsWith('node:'))).toEqual([])
})

test('what is small stays small', () => {
  const sizeOf = (entry: string): number =>
    [...filesOf(entry)].reduce((sum, file) => sum + readFileSync(file).length, 0)
  expect(sizeOf('cli/main.js')).toBeLessThan(20_000)
  expect(sizeOf('agent/index.js')).toBeLessThan(50_000)
  expect(sizeOf('redaction/index.js')).toBeLessThan(150_000)
  expect(sizeOf('store/index.js')).toBeLessThan(sizeOf('index.js') / 1.5)
})
