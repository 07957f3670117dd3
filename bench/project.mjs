// @ts-check
/** A project of many files, of sizes and texts as programs have them; the same each time. */
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeFolders } from '../dist/folders.js'

/** Path of the n-th file. @param {number} n */
export const fileOf = (n) => `packages/p${n % 25}/src/m${(n * 7) % 250}/file${n}.ts`

/** @param {string} folder @param {number} files */
export function makeProject(folder, files) {
  writeFileSync(join(folder, '.gitignore'), 'node_modules/\n*.log\n/dist/\n')
  for (let n = 0; n < files; n++) {
    const file = join(folder, fileOf(n))
    makeFolders(dirname(file))
    writeFileSync(file, textOf(n))
  }
}

/** 1 to 12 KB. @param {number} n */
function textOf(n) {
  const lines = [`/** Part ${n} of the project. */`]
  for (let i = 0; i < 15 + ((n * n) % 170); i++)
    lines.push(`export const value${i} = compute(${(n * 31 + i * 17) % 977}, '${(n * i) % 89}') // line ${i}`)
  return `${lines.join('\n')}\n`
}
