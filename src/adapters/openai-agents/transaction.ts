/**
 * History transactions. The framework's own `MemorySession` decides whether a transaction is valid, and whether a
 * suffix matches.
 */
import type { AgentInputItem, SessionHistoryTransactionArgs } from '@openai/agents-core'
import { MemorySession, UserError } from '@openai/agents-core'
import type { ConflictError } from '../../errors.ts'

/** A valid transaction. */
export interface Transaction {
  operationId: string
  type: 'append_items' | 'replace_suffix'
  /** The suffix to replace; empty for `append_items`. */
  suffix: readonly AgentInputItem[]
  items: readonly AgentInputItem[]
}

/** Returns a copy of the transaction, taken before the first await. Throws UserError if it is not valid. */
export async function parseTransaction(args: SessionHistoryTransactionArgs): Promise<Transaction> {
  const { operationId, type, suffix } = firstLook(args)
  const judge = new MemorySession({ initialItems: suffix })
  await judge.applyHistoryTransaction(args)
  return { operationId, type, suffix, items: await judge.getItems() }
}

/** Throws UserError if the items do not match the expected suffix. */
export async function checkSuffix(
  actual: AgentInputItem[],
  expected: readonly AgentInputItem[],
): Promise<void> {
  const transaction = { type: 'replace_suffix' as const, expectedSuffix: [...expected], replacement: [] }
  const judge = new MemorySession({ initialItems: actual })
  await judge.applyHistoryTransaction({ operationId: 'suffix', transaction })
}

/** Makes the framework's error, with ours as its cause. */
export function userError(cause: ConflictError): UserError {
  const error = new UserError(cause.message)
  error.cause = cause
  return error
}

/** Reads the fields of a transaction before it is validated. */
function firstLook(args: unknown): Omit<Transaction, 'items'> & { suffix: AgentInputItem[] } {
  try {
    const { operationId, transaction } = args as SessionHistoryTransactionArgs
    const { type, expectedSuffix } = transaction as { type: Transaction['type']; expectedSuffix?: unknown }
    const suffix = type === 'replace_suffix' && Array.isArray(expectedSuffix) ? expectedSuffix : []
    return { operationId, type, suffix: structuredClone(suffix) }
  } catch {
    return { operationId: '', type: 'append_items', suffix: [] }
  }
}
