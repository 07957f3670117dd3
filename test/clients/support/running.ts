/** Runs a real tool in a home folder of its own. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { Place } from './client.ts'

/** Milliseconds that a tool may take for a turn. */
const PATIENCE = 90_000

const ends: (() => unknown)[] = []
afterAll(async () => {
  for (const end of ends.splice(0)) await end()
})

/** When the tests of this file are done. */
export const atEnd = (end: () => unknown): void => void ends.push(end)

/** Removed when the tests of this file are done. */
export function newPlace(): Place {
  const home = mkdtempSync(join(tmpdir(), 'forkpoint-clients-'))
  atEnd(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }))
  const cwd = join(home, 'project')
  mkdirSync(cwd)
  return { home, cwd }
}

export interface Output {
  stdout: string
  stderr: string
}

/** Nothing of the environment of the tests reaches the tool but the path. */
export function runTool(
  [program = '', ...args]: readonly string[],
  { home, cwd }: Place,
  environment: Record<string, string> = {},
): Promise<Output> {
  const env = { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: home, TMPDIR: tmpdir(), ...environment }
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve({ stdout, stderr })
      else
        reject(
          new Error(`${program} ${args.join(' ').slice(0, 200)}: ${code ?? signal}\n${stdout}\n${stderr}`),
        )
    })
  })
}
