/** Snapshots of a session's workspace: when they are made, and what happens if that fails. */
import { homedir } from 'node:os'
import { parse } from 'node:path'
import { ForkpointError, UnsupportedError } from '../../errors.ts'
import type { SessionStore } from '../../store/session-store.ts'
import type { WorkspaceFiles, WorkspaceOptions } from '../../workspace/workspace-files.ts'

export interface FilesOptions extends WorkspaceOptions {
  /**
   * `turn`: before and after each turn, and before a tool call that somebody was asked about. `step`: also at each step that
   * is saved. `false`: never. Default: `turn`, if the store can, and the workspace is neither too large nor your home folder.
   */
  snapshots?: 'turn' | 'step' | false
}

export class FileSnapshots {
  /** For explicit calls: `undefined` if the store cannot keep files. */
  readonly files: WorkspaceFiles | undefined
  #mode: 'turn' | 'step' | false
  readonly #isAsked: boolean
  #problem: ForkpointError | undefined

  /** Throws UnsupportedError if snapshots are requested and the store cannot keep files. */
  constructor(store: SessionStore | undefined, root: string, { snapshots, ...options }: FilesOptions = {}) {
    this.files = store?.supports.files === true ? store.files?.(root, options) : undefined
    this.#isAsked = snapshots !== undefined && snapshots !== false
    if (this.#isAsked && this.files === undefined) throw new UnsupportedError('files')
    const isTooWide = root === homedir() || root === parse(root).root
    this.#mode = this.files === undefined ? false : (snapshots ?? (isTooWide ? false : 'turn'))
  }

  /** What a checkpoint is saved with. */
  of(kind: 'turn' | 'step'): { files?: WorkspaceFiles } {
    const isWanted = this.#mode === 'step' || this.#mode === kind
    return isWanted && this.files !== undefined ? { files: this.files } : {}
  }

  /** Makes a snapshot; returns it if it is new. A failure does not end the turn. */
  async keep(session: string, branch: string, subject: string): Promise<string | undefined> {
    if (this.#mode === false || this.files === undefined) return undefined
    try {
      const { id, isNew } = await this.files.keep(session, { branch, subject })
      return isNew ? id : undefined
    } catch (error) {
      if (!this.forgives(error)) throw error
      return undefined
    }
  }

  /** Whether to save without the files: a conversation is not lost because its files cannot be kept. */
  forgives(error: unknown): boolean {
    const { code, file } = error as { code?: unknown; file?: unknown }
    const isLimit = code === 'WORKSPACE_LIMIT'
    if (
      !(error instanceof ForkpointError) ||
      !(isLimit || (code === 'STORAGE' && file === this.files?.folder))
    )
      return false
    // Snapshots are on by default, and every turn would fail again.
    if (isLimit && !this.#isAsked) this.#mode = false
    this.#problem = error
    return true
  }

  /** Why no snapshot was made since the last call. */
  takeProblem(): ForkpointError | undefined {
    const problem = this.#problem
    this.#problem = undefined
    return problem
  }
}
