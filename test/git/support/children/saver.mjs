/**
 * A process that saves: `node saver.mjs <built object layer> <store> <JSON of options>`. Prints `<ref> <commit>`
 * for each save once it is acknowledged.
 */
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [, , built, folder, json] = process.argv
const { refs, count, compareAndSet = false, settleAfter = 1000, settleEvery = 0, big = 0 } = JSON.parse(json)

const load = (name) => import(pathToFileURL(join(built, 'git', name)).href)
const [{ Repository }, { encodeCommit }, { newObject }, { changeTree, NO_ENTRIES }] = await Promise.all(
  ['repository.js', 'objects/commit.js', 'objects/object.js', 'objects/tree.js'].map(load),
)

class Lost extends Error {}

const repository = new Repository(folder, { settleAfter })
let saved = 0

function planFor(ref, current, n) {
  const text = `${process.pid} ${ref} ${n}\n${'some words that repeat '.repeat(big)}`
  const blob = newObject('blob', Buffer.from(text))
  const tree = newObject(
    'tree',
    changeTree(NO_ENTRIES, [{ name: 'file', entry: { mode: '100644', id: blob.id } }]).data,
  )
  const person = { name: 'A', email: 'a@example.com', at: Date.now() }
  const parents = current === undefined ? [] : [current]
  const commit = newObject(
    'commit',
    encodeCommit({ tree: tree.id, parents, author: person, committer: person, message: `save ${n}\n` }),
  )
  return { objects: [blob, tree, commit], moves: new Map([[ref, commit.id]]), result: commit.id }
}

async function save(ref, n) {
  for (;;) {
    const seen = compareAndSet && (await repository.open()) ? repository.refs.read(ref) : undefined
    try {
      return await repository.change({
        refs: [ref],
        prepare: (current) => {
          if (compareAndSet && current.get(ref) !== seen) throw new Lost()
          return planFor(ref, current.get(ref), n)
        },
      })
    } catch (error) {
      if (!(error instanceof Lost)) throw error
    }
  }
}

await Promise.all(
  refs.map(async (ref) => {
    for (let n = 0; n < count; n++) {
      const id = await save(ref, n)
      writeSync(1, `${ref} ${id}\n`)
      saved++
      if (settleEvery > 0 && saved % settleEvery === 0) await repository.settle()
    }
  }),
)
await repository.close()
