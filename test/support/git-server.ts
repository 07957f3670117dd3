/** `git http-backend` behind a small CGI bridge on 127.0.0.1: the real server side of git over HTTP. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

export interface GitServerOptions {
  /** Folder of the bare repositories. */
  root: string
  /** Who may do what: an `Authorization` header in, `undefined` for a refusal. Default: everybody may do everything. */
  user?: (authorization: string | undefined) => string | undefined
  /** Called for each request first; answers it itself when it returns `true`. */
  intercept?: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>
  /** The address to listen on. Default: `127.0.0.1`. */
  host?: string
  /** Does not pass on the header that asks for version 2. */
  forgetsVersion?: boolean
}

export interface GitServer {
  /** Without a slash at the end. */
  url: string
  /** What was asked for so far, as `POST /demo.git/git-upload-pack`. */
  requests: string[]
  /** Kills what runs of git, as a machine does that fails. What listens goes on: it is the machine that is back. */
  kill(): void
  close(): Promise<void>
}

/** Makes a bare repository that takes pushes, as the page about servers says. */
export function makeServed(root: string, name = 'demo.git', settings: readonly string[] = []): string {
  const folder = join(root, name)
  const run = (...args: string[]) => execFileSync('git', args, { cwd: root, stdio: 'pipe' })
  run('init', '--bare', '--quiet', '--initial-branch=main', folder)
  const all = [
    'http.receivepack=true',
    'receive.unpackLimit=1',
    'receive.denyNonFastForwards=true',
    'uploadpack.allowAnySHA1InWant=true',
    'gc.auto=0',
    ...settings,
  ]
  const lines = all.map((setting) => {
    const [, section, key, value] = /^(\w+)\.(\w+)=(.*)$/.exec(setting)!
    return `[${section}]\n\t${key} = ${value}\n`
  })
  appendFileSync(join(folder, 'config'), lines.join(''))
  return folder
}

/** Starts a server; `close` stops it and what it started. */
export async function startGitServer(options: GitServerOptions): Promise<GitServer> {
  const requests: string[] = []
  const running = new Set<ChildProcess>()
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    void answer(options, running, request, response).catch(() => response.destroy())
  })
  // A busy machine must not close a connection in the moment in which a client uses it again.
  server.keepAliveTimeout = 60_000
  const { host = '127.0.0.1' } = options
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host}:${port}`,
    requests,
    kill: () => killAll(running),
    close: () => stop(server, running),
  }
}

/** Each with what it has started. */
function killAll(running: Iterable<ChildProcess>): void {
  for (const child of running) killGroup(child)
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

async function stop(server: Server, running: ReadonlySet<ChildProcess>): Promise<void> {
  killAll(running)
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

async function answer(
  { root, user = () => 'anybody', intercept, forgetsVersion = false }: GitServerOptions,
  running: Set<ChildProcess>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (intercept !== undefined && (await intercept(request, response))) return
  const { headers } = request
  const who = user(headers.authorization)
  if (who === undefined) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
    return
  }
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  // Run by `git`, it would be another process, which outlives the one that is stopped.
  const child = spawn(join(execPath(), 'git-http-backend'), [], {
    env: {
      PATH: process.env.PATH,
      HOME: root,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: headers['content-type'] ?? '',
      ...(headers['content-length'] !== undefined && { CONTENT_LENGTH: headers['content-length'] }),
      ...(headers['content-encoding'] !== undefined && {
        HTTP_CONTENT_ENCODING: headers['content-encoding'],
      }),
      ...(!forgetsVersion &&
        headers['git-protocol'] !== undefined && { GIT_PROTOCOL: String(headers['git-protocol']) }),
      REMOTE_USER: who,
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
    // A group of its own: what receives a push is a process that this one starts.
    detached: true,
  })
  running.add(child)
  child.on('close', () => running.delete(child))
  child.stdin.on('error', () => undefined)
  request.pipe(child.stdin)
  // Whoever hangs up does not leave a process behind.
  response.on('close', () => killGroup(child))
  let head = Buffer.alloc(0)
  let isBody = false
  for await (const piece of child.stdout as AsyncIterable<Buffer>) {
    if (isBody) {
      if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve))
      continue
    }
    head = Buffer.concat([head, piece])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) continue
    isBody = true
    const lines = head.toString('latin1', 0, end).split('\r\n')
    const fields = lines.map(
      (line) => [line.split(':', 1)[0]!, line.slice(line.indexOf(':') + 1).trim()] as const,
    )
    const status = fields.find(([name]) => name.toLowerCase() === 'status')?.[1] ?? '200'
    response.writeHead(
      Number.parseInt(status, 10),
      fields.filter(([name]) => name.toLowerCase() !== 'status').flat(),
    )
    response.write(head.subarray(end + 4))
  }
  if (!isBody) response.writeHead(500)
  response.end()
}

let programs: string | undefined
const execPath = (): string => {
  programs ??= execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim()
  return programs
}
