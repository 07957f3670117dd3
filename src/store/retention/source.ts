import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import type { Repository } from '../../git/repository.ts'
import type { DocumentRules } from '../document.ts'

/** The store whose sessions are kept, archived or removed. */
export interface Source {
  repository: Repository
  checkpoints: Checkpoints
  rules: DocumentRules
}
