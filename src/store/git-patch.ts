/** The difference of two checkpoints as git itself writes it. */
import { UnsupportedError } from '../errors.ts'
import type { Repository } from '../git/repository.ts'

export async function patchBetween(_repository: Repository, _from: string, _to: string): Promise<string> {
  throw new UnsupportedError('patch', 'No git was found.')
}
