/** Options of `list`: which sessions, and in which order. */
import type { ProjectQuery } from '../../workspace/project/query.ts'

export interface ListOptions {
  /** `updated` (the default): newest first, equal times by id. `id`: by id, in the order of UTF-16 code units. */
  order?: 'updated' | 'id'
  /** Only ids that start with this. */
  prefix?: string
  /** Only sessions of this type. Default: all types. */
  type?: string
  /** Only sessions of this project, in any folder. This reads every session. */
  project?: ProjectQuery
  /**
   * Id of the last session of the previous page. In the order `updated` this session must exist (else NotFoundError),
   * and a session that is saved between two pages moves to the front. With the order `id`, each session appears once.
   */
  after?: string
  limit?: number
}
