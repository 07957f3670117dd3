/**
 * History transactions. What is a valid one, and when a suffix matches, is what the framework's own `MemorySession`
 * says: it is asked.
 */
import type { AgentInputItem, SessionHistoryTransactionArgs } from '@openai/agents-core'
import { MemorySession, UserError } from '@openai/agents-core'
import type { ConflictError } from '../../errors.ts'

/** A transaction that is valid. */
export interface Transaction {
  operationId: string
  type: 'append_items' | 'replace_suffix'
  /** Of `replace_suffix`; else empty. */
  suffix: readonly AgentInputItem[]
  items: readonly AgentInputItem[]
}

/** A copy of the transaction, taken before anything is awaited. Throws UserError for one that is not valid. */
export async function parseTransaction(args: SessionHistoryTransactionArgs): Promise<Transaction> {
  const { operationId, type, suffix } = firstLook(args)
  const judge = new MemorySession({ initialItems: suffix })
  await judge.applyHistoryTransaction(args)
  return { operationId, type, suffix, items: await judge.getItems() }
}

/** Throws UserError unless these items are that suffix. */
export async function checkSuffix(
  actual: AgentInputItem[],
  expected: readonly AgentInputItem[],
): Promise<void> {
  const transaction = { type: 'replace_suffix' as const, expectedSuffix: [...expected], replacement: [] }
  const judge = new MemorySession({ initialItems: actual })
  await judge.applyHistoryTransaction({ operationId: 'suffix', transaction })
}

/** The framework's error, with ours as its cause. */
export function userError(cause: ConflictError): UserError {
  const error = new UserError(cause.message)
  error.cause = cause
  return error
}

/** What it says it is, before anybody has judged. */
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
