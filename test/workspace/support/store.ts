/** A git store with one session, and a workspace that is saved with it. */
import { mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { checkpointsOf } from '../../../src/checkpoints/of-store.ts'
import { newSession } from '../../../src/state/index.ts'
import { GitSessionStore } from '../../../src/store/git/git-session-store.ts'
import type { WorkspacePlace } from '../../../src/workspace/current-files.ts'
import { WorkspaceFiles, type WorkspaceOptions } from '../../../src/workspace/workspace-files.ts'
import { gitText, tempFolder } from '../../git/real-git.ts'

const open: GitSessionStore[] = []
let before: string | undefined
beforeEach(() => {
  before = process.env.XDG_CACHE_HOME
  process.env.XDG_CACHE_HOME = tempFolder()
})
afterEach(async () => {
  for (const store of open.splice(0)) await store.close()
  if (before === undefined) delete process.env.XDG_CACHE_HOME
  else process.env.XDG_CACHE_HOME = before
})

/** A clock by which all files were written long ago: what was read of them is trusted. */
export const LATER = (): number => Date.now() + 60_000

export interface Scene {
  store: GitSessionStore
  /** Of the workspace. */
  root: string
  files: WorkspaceFiles
  /** Saves a turn with the files as they are. */
  turn(text: string, branch?: string): Promise<string>
  git(...args: string[]): string
}

/** @param place the disk that the workspace is on, and its clock */
export function scene(options: WorkspaceOptions = {}, place: WorkspacePlace = {}): Scene {
  const base = realpathSync(tempFolder())
  const root = join(base, 'project')
  mkdirSync(root)
  return sceneIn(join(base, 'store'), root, options, place)
}

export function sceneIn(
  folder: string,
  root: string,
  options: WorkspaceOptions = {},
  place: WorkspacePlace = {},
): Scene {
  const store = new GitSessionStore(folder)
  open.push(store)
  const files = new WorkspaceFiles(checkpointsOf(store), root, options, place)
  return {
    store,
    root,
    files,
    git: (...args) => gitText(folder, args),
    async turn(text, branch) {
      const messages = [
        { id: `m-${text}`, role: 'user' as const, content: text, createdAt: new Date().toISOString() },
      ]
      const on = branch === undefined ? {} : { branch }
      const { id } = (await store.exists('demo'))
        ? await store.append('demo', { messages }, { files, expected: 'any', ...on })
        : await store.save(newSession('demo', { messages } as never), { files, ...on })
      return id
    },
  }
}
