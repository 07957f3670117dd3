/** Pairs calls of tools with their results. */
import type { ResultBlock } from '../../../../view/block.ts'
import type { ShownMessage } from '../../../wire.ts'

/** Returns the results whose calls are among the messages, by the id of the call. */
export function resultsIn(messages: readonly ShownMessage[]): Map<string, ResultBlock> {
  const calls = new Set<string>()
  const results = new Map<string, ResultBlock>()
  for (const { blocks } of messages)
    for (const block of blocks) {
      if (block.kind === 'call' && block.id !== undefined) calls.add(block.id)
      if (block.kind === 'result' && block.id !== undefined && calls.has(block.id))
        results.set(block.id, block)
    }
  return results
}
