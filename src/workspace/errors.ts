/** Errors of snapshots and restores. */
import { ForkpointError } from '../errors.ts'

/** A folder exceeds the limits of a snapshot. Nothing was written. */
export class WorkspaceLimitError extends ForkpointError {
  /** The first file over the limit, relative to the workspace; for `rules`, the folder or file that they apply to. */
  readonly path: string
  /** `rules`: the ignore rules would take too long to match. */
  readonly limit: 'fileBytes' | 'bytes' | 'files' | 'rules'
  readonly most: number

  constructor({ path, limit, most }: Pick<WorkspaceLimitError, 'path' | 'limit' | 'most'>) {
    const what = {
      fileBytes: `'${path}' is larger than ${most} bytes`,
      bytes: `The files of the workspace are more than ${most} bytes together (counted up to '${path}')`,
      files: `The workspace has more than ${most} files (counted up to '${path}')`,
      rules: `The ignore rules for '${path}' would take too long to match: they are too many, too long, or have too many '**'`,
    }[limit]
    const way =
      limit === 'rules'
        ? 'Shorten the .gitignore or .forkpointignore that they are in.'
        : 'Name what is not needed in .forkpointignore, or set a higher limit.'
    super('WORKSPACE_LIMIT', `${what}. ${way}`)
    this.path = path
    this.limit = limit
    this.most = most
  }
}

/** Some files could not be restored; all others were. Restore again to continue. */
export class RestoreError extends ForkpointError {
  /** Paths relative to the workspace, with the operating system's error code. */
  readonly failed: readonly { path: string; errno: string }[]
  /** The snapshot of the files before the restore; restore it to undo this. */
  readonly undo: string | undefined

  constructor(
    data: { failed: readonly { path: string; errno: string }[]; undo: string | undefined },
    options?: { cause?: unknown },
  ) {
    const some = data.failed.slice(0, 5).map(({ path, errno }) => `'${path}' (${errno})`)
    const undo = data.undo === undefined ? '' : ` What was there before is snapshot ${data.undo}.`
    super(
      'RESTORE',
      `${data.failed.length} of the files could not be restored: ${some.join(', ')}. Do it again when the reason is gone.${undo}`,
      options,
    )
    this.failed = data.failed
    this.undo = data.undo
  }
}
