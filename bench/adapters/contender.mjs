// @ts-check
/**
 * A way to keep the sessions of a framework: ours, or what its users have without us. `bench/adapters/<framework>.mjs`
 * exports them as `contenders`; packages that only the bench has are imported in `open`.
 *
 * @typedef {object} Contender
 * @property {string} framework
 * @property {string} name
 * @property {boolean} ours
 * @property {(folder: string, shape: { turns: number, bytes: number, pages?: boolean }) => Promise<Opened>} open `bytes`: of new content a turn; `pages`: false to leave
 *   them out, where it is ours
 *
 * @typedef {object} Opened
 * @property {(index: number) => unknown} [prepare] makes what the turn needs; its time does not count
 * @property {(index: number, prepared: any) => Promise<void>} turn saves one turn as the framework itself would
 * @property {() => Promise<number>} load how many items a fresh object finds, as a restarted process has one
 * @property {() => Promise<void>} [maintain]
 * @property {() => Promise<void>} close
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** @type {Record<string, () => Promise<{ contenders: readonly unknown[] }>>} */
const MODULES = Object.fromEntries(
  ['langgraph', 'claude-agent', 'openai-agents', 'ai-sdk'].map((framework) => [
    framework,
    () => import(`./${framework}.mjs`),
  ]),
)

export const FRAMEWORKS = Object.keys(MODULES)

/**
 * The contenders of a framework, ours first; none where its file is missing.
 *
 * @param {string} framework
 * @returns {Promise<Contender[]>}
 */
export async function contendersOf(framework) {
  const load = MODULES[framework]
  if (load === undefined) throw new Error(`There is no framework '${framework}'`)
  if (!existsSync(fileURLToPath(new URL(`${framework}.mjs`, import.meta.url)))) return []
  const all = /** @type {Contender[]} */ ([...(await load()).contenders])
  return all.sort((a, b) => Number(b.ours) - Number(a.ours))
}
