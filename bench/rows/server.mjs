// @ts-check
import { execFile, execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import isomorphic from 'isomorphic-git'
import http from 'isomorphic-git/http/node'
import { appender } from '../contenders/forkpoint.mjs'
import { GitSessionStore, RemoteSessionStore } from '../forkpoint.mjs'
import { gitServer } from '../git-server.mjs'
import { p50, time } from '../statistics.mjs'
import { sessionState, turns } from '../workload.mjs'
import { atMost, within } from './row.mjs'

const REFS = 10_000
const NAME = 'sessions.git'

/**
 * Each contender has a session of its own on one server, and they push in turn.
 *
 * @type {import('./row.mjs').Row}
 */
export const server = {
  name: 'server',
  about: `one save of two messages of 1.5 KB to a git server that has ${REFS.toLocaleString('en-US')} refs`,
  async run({ quick, folder, say }) {
    const { makeServed, startGitServer, startProxy } = await gitServer(folder('code'))
    const root = folder('root')
    const served = makeServed(root, NAME, ['core.fsync=all', 'core.fsyncMethod=fsync'])
    const listening = await startGitServer({ root })
    const proxy = await startProxy(listening.url)
    const url = `${proxy.url}/${NAME}`
    const contenders = [
      await withoutDisk(url),
      await withPush(folder('push'), 'push', { url, by: 'forkpoint' }),
      await withPush(folder('git'), 'git', { url, by: 'git' }),
      await withPush(folder('isomorphic'), 'isomorphic', { url, by: 'isomorphic' }),
    ]
    try {
      // All of them begin before there are many.
      for (const { save, push } of contenders) {
        await save()
        await push()
      }
      say(`making ${REFS} refs`)
      makeRefs(served)
      const rounds = quick ? 8 : 40
      for (let n = 0; n < rounds; n++) {
        say(`round ${n + 1}`)
        for (const { save, push, counts } of contenders) {
          await save()
          await proxy.reset()
          const before = listening.requests.length
          counts.times.push(await time(push))
          counts.requests.push(listening.requests.length - before)
          counts.bytes.push(proxy.up + proxy.down)
          counts.up.push(proxy.up)
        }
      }
      return answer(contenders, rounds)
    } finally {
      for (const { close } of contenders) await close()
      await proxy.close()
      await listening.close()
    }
  },
}

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {() => Promise<void>} save what is not measured: the save on the disk
 * @property {() => Promise<void>} push
 * @property {{ times: number[], requests: number[], bytes: number[], up: number[] }} counts
 * @property {() => Promise<void>} close
 */

const noCounts = () => ({ times: [], requests: [], bytes: [], up: [] })

/** @param {string} url @returns {Promise<Contender>} */
async function withoutDisk(url) {
  const store = new RemoteSessionStore(url)
  await store.save(sessionState('remote', []))
  const handle = await store.open('remote')
  const source = turns({ bytes: 1500, session: 'remote' })
  return {
    name: 'append',
    counts: noCounts(),
    save: async () => undefined,
    push: async () => void (await handle.append({ messages: source.next().value })),
    close: () => store.close(),
  }
}

/** @param {string} folder @param {string} name @param {{ url: string, by: 'forkpoint' | 'git' | 'isomorphic' }} to @returns {Promise<Contender>} */
async function withPush(folder, name, { url, by }) {
  const store = new GitSessionStore(join(folder, 'store'), { remote: { url }, replicate: false })
  const { append } = await appender(store, name)
  const source = turns({ bytes: 1500, session: name })
  const ref = `refs/heads/${name}/main`
  const gitdir = store.folder
  const ways = {
    forkpoint: async () => {
      const { pushed } = await store.push({ only: [name] })
      if (pushed.length !== 1) throw new Error('forkpoint did not push')
    },
    git: () => run('git', ['--git-dir', gitdir, 'push', '--quiet', url, ref]),
    isomorphic: () => isomorphic.push({ fs, http, gitdir, url, ref, remoteRef: ref }),
  }
  return {
    name,
    counts: noCounts(),
    save: async () => void (await append(source.next().value)),
    push: async () => void (await ways[by]()),
    close: () => store.close(),
  }
}

/** The server is in this process: it has to be able to answer. */
const run = promisify(execFile)

/** @param {string} served */
function makeRefs(served) {
  const git = (/** @type {string[]} */ args, input = '') =>
    execFileSync('git', args, { cwd: served, input, encoding: 'utf8' })
  const id = git(['rev-parse', 'refs/heads/remote/main']).trim()
  const lines = Array.from({ length: REFS }, (_, n) => `create refs/heads/other-${n}/main ${id}\n`)
  git(['update-ref', '--stdin'], lines.join(''))
  git(['pack-refs', '--all'])
}

/** @param {readonly Contender[]} contenders @param {number} rounds @returns {import('./row.mjs').Answer} */
function answer(contenders, rounds) {
  const [append, push, native, isomorphicGit] = /** @type {[Contender, Contender, Contender, Contender]} */ (
    contenders
  )
  const median = (/** @type {keyof Contender['counts']} */ what) => (/** @type {Contender} */ one) =>
    p50(one.counts[what])
  /** @param {(one: Contender) => number} of */
  const peers = (of) => ({ 'git push': of(native), 'isomorphic-git': of(isomorphicGit) })
  const [ms, requests, bytes, up] = [median('times'), median('requests'), median('bytes'), median('up')]
  const kilobytes = (/** @type {Contender} */ one) => bytes(one) / 1024
  return {
    measures: [
      atMost(
        { what: 'append without a disk, p50', unit: 'ms', forkpoint: ms(append), peers: peers(ms) },
        { to: 'git push', most: 1 },
      ),
      within(
        {
          what: 'append without a disk, requests',
          unit: '',
          forkpoint: requests(append),
          peers: peers(requests),
        },
        1,
      ),
      within({ what: 'append without a disk, KB up', unit: 'KB', forkpoint: up(append) / 1024 }, 5),
      atMost(
        { what: 'push of one save, p50', unit: 'ms', forkpoint: ms(push), peers: peers(ms) },
        { to: 'git push', most: 1 },
      ),
      within(
        { what: 'push of one save, requests', unit: '', forkpoint: requests(push), peers: peers(requests) },
        2,
      ),
      within(
        { what: 'push of one save, KB', unit: 'KB', forkpoint: kilobytes(push), peers: peers(kilobytes) },
        8,
      ),
    ],
    notes: [
      `${rounds} saves each, in turn, to \`git http-backend\` with \`core.fsync=all\` on 127.0.0.1; the save on the disk is not measured, and a push of forkpoint also looks for secrets. KB are those of requests and answers, heads included.`,
    ],
  }
}
