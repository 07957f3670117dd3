/** Which sessions are of a project, by what their states say: `metadata.project`, and `workspace`. */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { Project } from './project.ts'

export type { Project }

/** A project that sessions are looked for by; `projectAt` reads `root` and `remote` of a folder. */
export interface ProjectQuery extends Project {
  /** Absolute path. */
  folder?: string
}

/** What a state says of its project. */
export function projectIn({ metadata }: JsonObject): Project {
  const project = isJsonObject(metadata) && isJsonObject(metadata.project) ? metadata.project : {}
  const { root, remote } = project
  return {
    ...(typeof root === 'string' ? { root } : {}),
    ...(typeof remote === 'string' ? { remote } : {}),
  }
}

/**
 * Whether a state is of the project: it has the same root or remote; or its workspace is the folder or in it, unless both
 * sides know better.
 */
export function isOfProject(fields: JsonObject, query: ProjectQuery): boolean {
  const own = projectIn(fields)
  if (own.root !== undefined && own.root === query.root) return true
  if (own.remote !== undefined && own.remote === query.remote) return true
  const isOther =
    (own.root !== undefined && query.root !== undefined) ||
    (own.remote !== undefined && query.remote !== undefined)
  return !isOther && query.folder !== undefined && isInFolder(fields.workspace, query.folder)
}

/** Whether a workspace is the folder, or in it. */
export function isInFolder(workspace: unknown, given: string): boolean {
  if (typeof workspace !== 'string') return false
  const folder = given.replace(/(?<=[^/\\])[/\\]+$/, '')
  return workspace === folder || workspace.startsWith(`${folder}${folder.includes('\\') ? '\\' : '/'}`)
}
