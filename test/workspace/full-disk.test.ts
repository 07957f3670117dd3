/** The store's disk is full while the files of a turn are saved with it. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { checkpointsOf } from '../../src/checkpoints/of-store.ts'
import { StorageError } from '../../src/errors.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { WorkspaceFiles } from '../../src/workspace/workspace-files.ts'
import { tempFolder } from '../git/real-git.ts'
import { ROOT, Scene } from '../git/support/crash.ts'
import { exportTo } from '../git/support/disk-state.ts'
import { FULL } from '../git/support/full-disk.ts'
import { judge } from '../git/support/judge.ts'
import { emptySession, expectWhole, message } from '../store/support/git-store.ts'
import { type Content, contentOf, write } from './support/folder.ts'

const SOAK = process.env.FORKPOINT_SOAK === '1'

let root: string
beforeEach(() => {
  root = join(realpathSync(tempFolder()), 'project')
  mkdirSync(root)
})

/** What each acknowledged checkpoint has to bring back. */
type Promised = Map<string, { messages: number; files: Content }>

/** A process with the store on a disk in memory, and the workspace on a real one. */
function processOn(scene: Scene) {
  const store = new GitSessionStore(scene.repository())
  const files = new WorkspaceFiles(checkpointsOf(store), root)
  return { store, files }
}

/** Three turns that are saved, each with its files. */
async function threeTurns(scene: Scene) {
  const { store, files } = processOn(scene)
  await store.save(emptySession('demo'))
  await store.save(emptySession('beside'))
  const handle = await store.open('demo')
  const promised: Promised = new Map()
  const turn = async (n: number, on: { append: typeof handle.append } = handle) => {
    const { id } = await on.append({ messages: [message(`m${n}`, `turn ${n}`)] }, { files })
    promised.set(id, { messages: promised.size + 1, files: contentOf(root) })
  }
  for (let n = 0; n < 3; n++) {
    write(root, { 'src/a.txt': `a ${n}`, [`src/only-${n}.txt`]: `${n}`, big: 'x'.repeat(9000 * (n + 1)) })
    await turn(n)
  }
  return { store, handle, turn, promised }
}

/** Everything promised is there, for a process that opens the store now. */
async function expectPromised(scene: Scene, promised: Promised, what: string): Promise<void> {
  expect(judge(scene.disk.state, ROOT).problems, what).toEqual([])
  const next = new Scene(scene.disk.state.snapshot(), scene.life.afterKill())
  const { store, files } = processOn(next)
  for (const [id, { messages, files: expected }] of promised) {
    expect((await store.load('demo', { at: id }))?.messages.length, what).toBe(messages)
    const found: Content = {}
    for (const { path } of await files.list('demo', id))
      found[path] = (await files.read('demo', id, path)).toString('latin1')
    expect(found, what).toEqual(expected)
  }
  await next.end()
}

/** A turn with files, and one of another session that may share its sync. */
const bothTurns = ({ turn, store }: Awaited<ReturnType<typeof threeTurns>>) =>
  Promise.allSettled([turn(3), store.append('beside', { messages: [message('b', 'beside')] })])

const EDITS = { 'src/a.txt': 'edited', 'src/only-1.txt': undefined, added: '1', big: 'y'.repeat(40_000) }

async function operationsOfTurn(): Promise<number> {
  const scene = new Scene()
  const made = await threeTurns(scene)
  write(root, EDITS)
  let count = 0
  scene.disk.onOperation = ({ half }) => {
    if (!half) count++
  }
  await bothTurns(made)
  await scene.end()
  return count
}

test.each(Object.entries(FULL))(
  'a turn with files on a disk that is full %s is saved or refused, and saved when there is room again',
  async (how, fullAt) => {
    const count = await operationsOfTurn()
    expect(count).toBeGreaterThan(5)
    let refused = 0
    for (let n = 1; n <= count; n++) {
      for (const isSameHandle of SOAK ? [true, false] : [n % 2 === 0]) {
        const what = `full ${how}: ${n}, ${isSameHandle ? 'the same handle' : 'a new one'}`
        rmSync(root, { recursive: true })
        mkdirSync(root)
        const scene = new Scene()
        const made = await threeTurns(scene)
        const { store, handle, turn, promised } = made
        write(root, EDITS)
        scene.disk.fault = fullAt(scene.disk.operations + n)
        const [own, beside] = await bothTurns(made)
        for (const one of [own, beside])
          if (one.status === 'rejected') expect(one.reason, what).toBeInstanceOf(StorageError)
        await expectPromised(scene, promised, what)

        scene.disk.fault = () => undefined
        const on = isSameHandle ? handle : await store.open('demo')
        if (own.status === 'rejected') {
          refused++
          await turn(3, on)
        }
        const { messages } = (await store.load('beside'))!
        if (beside.status === 'fulfilled') expect(messages.length, what).toBe(1)
        write(root, { added: '2', 'src/only-1.txt': 'back' })
        await turn(4, on)
        await expectPromised(scene, promised, what)
        await scene.end()
        expect(judge(scene.disk.state, ROOT).problems, what).toEqual([])
        if (SOAK || n % 10 === 0) expectCleanForGit(scene)
      }
    }
    expect(refused).toBeGreaterThan(3)
  },
  300_000,
)

function expectCleanForGit(scene: Scene): void {
  const folder = mkdtempSync(join(tmpdir(), 'forkpoint-full-disk-'))
  try {
    exportTo(scene.disk.state, ROOT, folder)
    expectWhole(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
