// @ts-check
/** The licences of packages whose code is handed on inside of ours. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const SEPARATOR = `\n${'-'.repeat(72)}\n\n`
const LICENCE = /^(?:licen[cs]e|notice)(?:[.-].*)?$/i

/** The licence texts of packages, one after the other. @param {string[]} folders */
export const licencesOf = (folders) => folders.map(licenceOf).join(SEPARATOR)

/** @param {string} folder of a package */
function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (typeof license !== 'string') throw new Error(`${name} does not say under which licence it is`)
  const files = readdirSync(folder).filter((file) => LICENCE.test(file))
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim())
  return `${name} ${version} (${license})\n\n${texts.length === 0 ? 'Its package has no text of the licence.' : texts.join('\n\n')}\n`
}
