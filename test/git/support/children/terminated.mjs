/**
 * Workers that save are terminated in the middle, again and again, and each time the main thread saves on the same
 * ref: `node terminated.mjs <built object layer> <store> <rounds> <sockets and hard links: yes or no>`. Prints
 * `saved <n>` for each round; fails when a lock or a journal of a worker stands in the way.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

const [built, folder, rounds, able] = isMainThread ? process.argv.slice(2) : workerData
const load = (name) => import(pathToFileURL(join(built, 'git', name)).href)
const [{ Repository }, { nodeFileSystem }, { encodeCommit }, { newObject }, { changeTree, NO_ENTRIES }] =
  await Promise.all(
    ['repository.js', 'disk/file-system.js', 'objects/commit.js', 'objects/object.js', 'objects/tree.js'].map(
      load,
    ),
  )

const REF = 'refs/heads/s/main'
const fs =
  able === 'yes'
    ? nodeFileSystem
    : {
        ...nodeFileSystem,
        localDisk: () => undefined,
        link: () => 'unsupported',
        listen: async () => undefined,
      }

async function save(repository, text) {
  await repository.change({
    refs: [REF],
    prepare: (current) => {
      const blob = newObject('blob', Buffer.from(text))
      const tree = newObject(
        'tree',
        changeTree(NO_ENTRIES, [{ name: 'file', entry: { mode: '100644', id: blob.id } }]).data,
      )
      const person = { name: 'A', email: 'a@example.com', at: Date.now() }
      const parents = current.get(REF) === undefined ? [] : [current.get(REF)]
      const commit = newObject(
        'commit',
        encodeCommit({ tree: tree.id, parents, author: person, committer: person, message: `${text}\n` }),
      )
      return { objects: [blob, tree, commit], moves: new Map([[REF, commit.id]]), result: commit.id }
    },
  })
}

if (isMainThread) {
  for (let round = 0; round < Number(rounds); round++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: [built, folder, rounds, able] })
    await new Promise((resolve) => worker.once('message', resolve))
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
    await worker.terminate()
    const repository = new Repository(folder, { fs, lockTimeout: 3000 })
    await save(repository, `main ${round}`)
    await repository.close()
    console.log(`saved ${round}`)
  }
} else {
  const repository = new Repository(folder, { fs })
  for (let n = 0; ; n++) {
    await save(repository, `worker ${n}`)
    if (n === 2) parentPort.postMessage('begun')
  }
}
