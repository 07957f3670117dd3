/** The projects that sessions worked in, as they are noted in their states. */
import { isAbsolute } from 'node:path'
import { type Project, plainRemote, projectAt } from '../../workspace/project/project.ts'
import type { About } from '../importer.ts'

export class Projects {
  readonly #found = new Map<string, Promise<Project | undefined>>()

  /**
   * For `metadata` of a state: what the workspace's folder says on this machine, unless the tool noted another remote, as
   * on the machine that the session comes from. Nothing where neither says anything.
   */
  async of({ workspace, remote: noted }: About): Promise<{ project?: Project }> {
    const remote = noted === undefined ? undefined : plainRemote(noted)
    const here = workspace === undefined ? undefined : await this.#at(workspace)
    const project = remote === undefined || here?.remote === remote ? here : { remote }
    return project === undefined ? {} : { project }
  }

  #at(workspace: string): Promise<Project | undefined> {
    // A relative path, or one of another system, says nothing here.
    if (!isAbsolute(workspace)) return Promise.resolve(undefined)
    const found = this.#found.get(workspace) ?? projectAt(workspace)
    this.#found.set(workspace, found)
    return found
  }
}
