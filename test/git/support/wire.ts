/** A server of git, a repository and what connects them. */
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { Repository } from '../../../src/git/repository.ts'
import { HttpRemote, type HttpRemoteOptions } from '../../../src/git/wire/http-remote.ts'
import type { ObjectId, RefName } from '../../../src/ids.ts'
import {
  type GitServer,
  type GitServerOptions,
  makeServed,
  startGitServer,
} from '../../support/git-server.ts'
import { tempFolder } from '../real-git.ts'
import { commitOf } from './commits.ts'

export const MAIN = 'refs/heads/s/main'
/** Stopped after each test. */
export const running: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close()
})

export async function save(
  repository: Repository,
  text: string,
  ref: RefName = MAIN,
  size = 0,
): Promise<ObjectId> {
  return repository.change({
    refs: [ref],
    prepare: (current) => {
      const { id, objects } = commitOf(text, current.get(ref), size)
      return { objects, moves: new Map([[ref, id]]), result: id }
    },
  })
}

/** Moves a ref to a commit that is there. */
export const point = (repository: Repository, ref: RefName, id: ObjectId): Promise<void> =>
  repository.change({
    refs: [ref],
    prepare: () => ({ objects: [], moves: new Map([[ref, id]]), result: undefined }),
  })

export function newRepository(): { repository: Repository; folder: string } {
  const folder = join(tempFolder(), 'store')
  const repository = new Repository(folder)
  running.push(repository)
  return { repository, folder }
}

export interface Scene {
  server: GitServer
  served: string
  repository: Repository
  folder: string
  remote: HttpRemote
}

export async function scene(
  options: Partial<GitServerOptions> = {},
  remoteOptions: HttpRemoteOptions = {},
  settings: readonly string[] = [],
): Promise<Scene> {
  const root = tempFolder()
  const served = makeServed(root, 'demo.git', settings)
  const server = await startGitServer({ root, ...options })
  running.push(server)
  const { repository, folder } = newRepository()
  const remote = new HttpRemote(repository, `${server.url}/demo.git`, {
    pause: async () => {},
    ...remoteOptions,
  })
  return { server, served, repository, folder, remote }
}

export const remoteOf = (
  server: GitServer,
  repository: Repository,
  options: HttpRemoteOptions = {},
): HttpRemote => new HttpRemote(repository, `${server.url}/demo.git`, { pause: async () => {}, ...options })
