// @ts-check
/** Processes of the bench's own, so that one measurement's heap and timers are not in the next one's way. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * Runs `children/<name>.mjs` with JSON as its only argument. Returns what it answered; throws when it failed.
 *
 * @param {string} name
 * @param {unknown} task
 * @param {{ node?: readonly string[], under?: readonly string[] }} [how] `node`: options of Node; `under`: a command that runs it
 * @returns {Promise<any>}
 */
export function child(name, task, { node = [], under = [] } = {}) {
  const script = fileURLToPath(new URL(`${name}.mjs`, import.meta.url))
  const command = [...under, process.execPath, ...node, script, JSON.stringify(task)]
  return new Promise((resolve, reject) => {
    const started = spawn(/** @type {string} */ (command[0]), command.slice(1), {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    started.stdout.setEncoding('utf8').on('data', (text) => {
      output += text
    })
    started.on('error', reject)
    started.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output))
      else reject(new Error(`${name} ${JSON.stringify(task)} ended with ${code}`))
    })
  })
}

/** The task, in a child. */
export const task = () => JSON.parse(/** @type {string} */ (process.argv[2]))

/** The answer, in a child; its only line on stdout. @param {unknown} value */
export const answer = (value) => process.stdout.write(JSON.stringify(value))
