/** The project that a folder on the command line stands for. */
import { resolve } from 'node:path'
import type { ProjectQuery } from '../workspace/project/query.ts'

export type { ProjectQuery }

/** Its folder, and what its repository says. */
export async function projectOf(folder: string): Promise<ProjectQuery> {
  const { projectAt } = await import('../workspace/project/project.ts')
  return { folder: resolve(folder), ...(await projectAt(folder)) }
}
