/** Finds the project of a folder on the command line. */
import { resolve } from 'node:path'
import type { ProjectQuery } from '../workspace/project/query.ts'

export type { ProjectQuery }

/** Returns a query for the project: the folder, and facts about its repository. */
export async function projectOf(folder: string): Promise<ProjectQuery> {
  const { projectAt } = await import('../workspace/project/project.ts')
  return { folder: resolve(folder), ...(await projectAt(folder)) }
}
