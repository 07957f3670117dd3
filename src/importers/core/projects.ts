/** Finds the projects that sessions worked in, as stored in their metadata. */
import { isAbsolute } from 'node:path'
import { type Project, plainRemote, projectAt } from '../../workspace/project/project.ts'
import type { About } from '../importer.ts'

export class Projects {
  readonly #found = new Map<string, Promise<Project | undefined>>()

  /**
   * Returns the project for `metadata` of a state: that of the workspace's folder on this machine, unless the tool
   * recorded a different remote, for example on another machine. Returns an empty object if neither is known.
   */
  async of({ workspace, remote: noted }: About): Promise<{ project?: Project }> {
    const remote = noted === undefined ? undefined : plainRemote(noted)
    const here = workspace === undefined ? undefined : await this.#at(workspace)
    const project = remote === undefined || here?.remote === remote ? here : { remote }
    return project === undefined ? {} : { project }
  }

  #at(workspace: string): Promise<Project | undefined> {
    // A relative path, or a path of another operating system, has no meaning here.
    if (!isAbsolute(workspace)) return Promise.resolve(undefined)
    const found = this.#found.get(workspace) ?? projectAt(workspace)
    this.#found.set(workspace, found)
    return found
  }
}
