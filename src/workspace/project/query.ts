/** Decides which sessions belong to a project, from `metadata.project` and `workspace` of their states. */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { Project } from './project.ts'

export type { Project }

/** A project whose sessions are wanted; `projectAt` reads `root` and `remote` from a folder. */
export interface ProjectQuery extends Project {
  /** Absolute path of a folder. */
  folder?: string
}

/** Returns the project in a state's metadata. */
export function projectIn({ metadata }: JsonObject): Project {
  const project = isJsonObject(metadata) && isJsonObject(metadata.project) ? metadata.project : {}
  const { root, remote } = project
  return {
    ...(typeof root === 'string' ? { root } : {}),
    ...(typeof remote === 'string' ? { remote } : {}),
  }
}

/**
 * Returns whether a state belongs to the project: if it has the same root or remote; or if its workspace is the folder
 * or inside it, and the roots or remotes do not contradict.
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

/** Returns whether a workspace is the folder, or inside it. */
export function isInFolder(workspace: unknown, given: string): boolean {
  if (typeof workspace !== 'string') return false
  const folder = given.replace(/(?<=[^/\\])[/\\]+$/, '')
  return workspace === folder || workspace.startsWith(`${folder}${folder.includes('\\') ? '\\' : '/'}`)
}
