/** Which sessions a listing gives, and in which order. */
import type { ProjectQuery } from '../../workspace/project/query.ts'

export interface ListOptions {
  /** `updated`: newest first, equal times by id. `id`: by id, in the order of UTF-16 code units. Default `updated`. */
  order?: 'updated' | 'id'
  /** Only ids that start with this. */
  prefix?: string
  /** Only sessions of this type. Default: all types. */
  type?: string
  /** Only sessions of this project, wherever its folder is. Each session is read for it. */
  project?: ProjectQuery
  /**
   * Id of the last session of the previous page. In the order `updated` this session must exist (else NotFoundError),
   * and a session that is saved between two pages moves to the front. Use the order `id` to see each session once.
   */
  after?: string
  limit?: number
}
