/** Runs the built command line as a process of its own, the way a user does. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll } from 'vitest'
import { runCli } from '../../src/cli/program.ts'
import { ROOT } from '../support/build.ts'

export const MAIN = join(ROOT, 'dist', 'cli', 'main.js')
export const DEMO = join(ROOT, 'fixtures', 'claude-code', 'demo-session.jsonl')

export interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  cwd: string
  env?: Record<string, string>
}

/** Runs `forkpoint` with these arguments; without a terminal, in UTC. */
export function forkpoint(args: readonly string[], options: RunOptions): Promise<Ran> {
  return collect(process.execPath, [MAIN, ...args], options)
}

/** The same in this process, without a terminal: for long tables of command lines. */
export async function forkpointHere(args: readonly string[], { cwd, env }: RunOptions): Promise<Ran> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const said = [text(stdout), text(stderr)]
  const streams = { stdin, stdout, stderr } as unknown as Parameters<typeof runCli>[1]
  const code = await runCli(args, streams, { FORKPOINT_STORE: join(cwd, 'sessions'), ...env })
  stdout.end()
  stderr.end()
  const [out = '', err = ''] = await Promise.all(said)
  return { code, stdout: out, stderr: err }
}

/** Runs a line of shell in which `$FP` is `forkpoint`. */
export function shell(command: string, { cwd, env }: RunOptions): Promise<Ran> {
  return collect('bash', ['-c', command], { cwd, env: { FP: `${process.execPath} ${MAIN}`, ...env } })
}

/** One JSON value a line. */
export const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

/** A folder that is removed when the tests of this file are done. */
export async function workFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'forkpoint-cli-'))
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return folder
}

function collect(program: string, args: readonly string[], { cwd, env }: RunOptions): Promise<Ran> {
  const { FORKPOINT_STORE, FORKPOINT_DEBUG, NO_COLOR, FORCE_COLOR, ...inherited } = process.env
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...inherited, TZ: 'UTC', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text
    })
    child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }))
  })
}
