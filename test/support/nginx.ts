/** `git http-backend` behind the real nginx and fcgiwrap, with TLS and basic auth, on a free port of 127.0.0.1. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configInDocs } from './config-in-docs.ts'
import { freePort, untilItListens } from './ports.ts'

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
  await untilItListens(port, 'nginx', () => existsSync(socket!))
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

/** The server of the page about fleets, with what it needs around it. */
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
  ${configInDocs('docs/fleet.md', 'nginx')
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replace('server_name git.example.com;', '')
    .replace('/etc/nginx/git.crt', `${work}/certificate.pem`)
    .replace('/etc/nginx/git.key', `${work}/key.pem`)
    .replace('/etc/nginx/git.users', `${work}/users`)
    .replace('/run/fcgiwrap.socket', socket)
    .replace('/srv/git', root)}
}
`
