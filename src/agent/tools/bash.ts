/** `bash`: runs a command in its own process group, which ends with it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import * as z from 'zod'
import { Scrubber } from '../secrets/secrets.ts'
import { type Outcome, OutputBuffer, ToolFailure } from './outcome.ts'
import { defineTool } from './tool.ts'

/** Milliseconds. */
const DEFAULT_TIMEOUT = 120_000
const LONGEST_TIMEOUT = 600_000
/** Milliseconds that a process group has to end by itself, before it is killed. */
const GRACE = 500

export const bash = defineTool({
  description: `Runs a shell command in the workspace. Processes that it starts end with it. The default time limit is ${DEFAULT_TIMEOUT} ms.`,
  inputSchema: z.object({
    command: z.string().min(1),
    timeout: z.number().int().min(1).max(LONGEST_TIMEOUT).optional().describe('Milliseconds'),
  }),
  parallel: false,
  subject: 'command',
  async run({ command, timeout = DEFAULT_TIMEOUT }, context) {
    const { workspace, env, signal, limit, onOutput, secrets = NO_SECRETS } = context
    if (command.includes('\0')) throw new ToolFailure('a command cannot contain a NUL character')
    const output = new OutputBuffer(limit)
    const add = (text: string) => {
      if (text === '') return
      output.add(text)
      onOutput(text)
    }
    // A secret may begin on stdout and end on stderr.
    const both = secrets.stream()
    const { end, cause } = await run(
      command,
      workspace.root,
      { ...env },
      { signal, timeout, secrets, add: (text) => add(both.push(text)) },
    )
    add(both.end())
    const note = noteOf(end, cause, timeout)
    const text = [output.text.replace(/\n$/, ''), ...(note === '' ? [] : [`[${note}]`])].join('\n').trim()
    const status: Outcome['status'] = cause ?? (end.code === 0 ? 'ok' : 'error')
    return {
      text: text || '(no output)',
      status,
      exitCode: end.code,
      ...(end.signal === null ? {} : { signal: end.signal }),
    }
  },
})

const NO_SECRETS = new Scrubber([])

interface End {
  code: number | null
  signal: NodeJS.Signals | null
}

type Cause = 'cancelled' | 'timeout' | undefined

function noteOf({ code, signal }: End, cause: Cause, timeout: number): string {
  if (cause === 'timeout') return `stopped after ${timeout} ms, the time limit`
  if (cause === 'cancelled') return 'cancelled'
  if (signal !== null) return `ended by ${signal}`
  return code === 0 ? '' : `exit code ${code}`
}

interface Controls {
  signal: AbortSignal
  timeout: number
  secrets: Scrubber
  add(text: string): void
}

function run(
  command: string,
  cwd: string,
  env: Record<string, string | undefined>,
  { signal, timeout, secrets, add }: Controls,
): Promise<{ end: End; cause: Cause }> {
  return new Promise((resolve, reject) => {
    const shell = existsSync('/bin/bash') ? '/bin/bash' : 'sh'
    const child = spawn(shell, ['-c', command], {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let cause: Cause
    let end: End | undefined
    const timers = new Set<NodeJS.Timeout>()
    const later = (ms: number, work: () => void) => timers.add(setTimeout(work, ms))
    const stop = (why: Cause) => {
      if (cause !== undefined || end !== undefined) return
      cause = why
      signalGroup(child, 'SIGTERM')
      later(GRACE, () => signalGroup(child, 'SIGKILL'))
    }
    const cancel = () => stop('cancelled')
    const finish = () => {
      for (const timer of timers) clearTimeout(timer)
      signal.removeEventListener('abort', cancel)
    }
    for (const stream of [child.stdout, child.stderr]) {
      const decoder = new StringDecoder('utf8')
      // One for each stream, so that output of the other one in between does not hide a secret.
      const masked = secrets.stream()
      stream.on('data', (bytes: Buffer) => add(masked.push(decoder.write(bytes))))
      stream.on('close', () => add(masked.push(decoder.end()) + masked.end()))
      stream.on('error', () => {})
    }
    child.once('error', (error) => {
      finish()
      reject(new ToolFailure(`the shell could not be started: ${error.message}`))
    })
    child.once('exit', (code, signalName) => {
      end = { code, signal: signalName }
      // Processes that it left in its group are ended too, which closes the pipes.
      signalGroup(child, 'SIGKILL')
      later(GRACE, () => {
        child.stdout.destroy()
        child.stderr.destroy()
      })
    })
    child.once('close', () => {
      finish()
      resolve({ end: end!, cause })
    })
    later(timeout, () => stop('timeout'))
    signal.addEventListener('abort', cancel, { once: true })
    if (signal.aborted) cancel()
  })
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group no longer exists, or the system has no groups.
    child.kill(signal)
  }
}
