/** `git http-backend` behind the real nginx and fcgiwrap, with TLS and basic auth, on a free port of 127.0.0.1. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const programs = ['nginx', 'fcgiwrap', 'openssl']
const missing = programs.filter(
  (name) => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${name}`]).status !== 0,
)
/** Where something is missing, tests that need it say that they are skipped. */
export const hasNginx = missing.length === 0
if (!hasNginx) console.warn(`There is no ${missing.join(', ')} here: git behind nginx is NOT tested.`)

export interface Nginx {
  /** `https://127.0.0.1:…` */
  url: string
  /** The certificate that signs itself, in PEM. */
  certificate: string
  username: string
  password: string
  close(): Promise<void>
}

/** Serves the bare repositories in `root`. `work`: a folder for its files. */
export async function startNginx(root: string, work: string): Promise<Nginx> {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` }
  mkdirSync(join(work, 'logs'))
  const [key, certificate, socket] = ['key.pem', 'certificate.pem', 'fcgi.sock'].map((name) =>
    join(work, name),
  )
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const made = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
  ]
  execFileSync('openssl', [...made, '-keyout', key!, '-out', certificate!, ...subject], { stdio: 'pipe' })
  const hash = execFileSync('openssl', ['passwd', '-apr1', 's3cret'], { encoding: 'utf8' }).trim()
  writeFileSync(join(work, 'users'), `ann:${hash}\n`)
  const port = await freePort()
  writeFileSync(join(work, 'nginx.conf'), configuration({ root, work, port, socket: socket! }))
  const running: ChildProcess[] = [
    spawn('fcgiwrap', ['-s', `unix:${socket}`, '-c', '4'], { env, stdio: 'ignore' }),
    spawn('nginx', ['-p', work, '-c', join(work, 'nginx.conf'), '-e', join(work, 'logs/error.log')], {
      env,
      stdio: 'ignore',
    }),
  ]
  await untilItListens(port, socket!)
  return {
    url: `https://127.0.0.1:${port}`,
    certificate: readFileSync(certificate!, 'utf8'),
    username: 'ann',
    password: 's3cret',
    async close() {
      for (const child of running) {
        const ended = new Promise((resolve) => child.once('close', resolve))
        if (child.exitCode !== null || child.signalCode !== null) continue
        child.kill()
        await ended
      }
    },
  }
}

interface Place {
  root: string
  work: string
  port: number
  socket: string
}

const configuration = ({ root, work, port, socket }: Place): string => `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${work}/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path ${work}/body;
  fastcgi_temp_path ${work}/fastcgi;
  proxy_temp_path ${work}/proxy;
  uwsgi_temp_path ${work}/uwsgi;
  scgi_temp_path ${work}/scgi;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${work}/certificate.pem;
    ssl_certificate_key ${work}/key.pem;
    client_max_body_size 0;
    auth_basic "git";
    auth_basic_user_file ${work}/users;
    location / {
      fastcgi_pass unix:${socket};
      fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
      fastcgi_param GIT_HTTP_EXPORT_ALL 1;
      fastcgi_param GIT_PROJECT_ROOT ${root};
      fastcgi_param PATH_INFO $uri;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
      fastcgi_param HTTP_GIT_PROTOCOL $http_git_protocol;
      fastcgi_param REMOTE_USER $remote_user;
      fastcgi_param REMOTE_ADDR $remote_addr;
    }
  }
}
`

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function untilItListens(port: number, socket: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const one = connect(port, '127.0.0.1', () => resolve(one.end() && true)).on('error', () =>
        resolve(false),
      )
    })
    if (isOpen && existsSync(socket)) return
    await sleep(25)
  }
  throw new Error('nginx does not start')
}
