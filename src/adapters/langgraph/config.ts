/** Parses the parts of a `RunnableConfig` that address a checkpoint. */
import type { RunnableConfig } from '@langchain/core/runnables'
import { InvalidIdError } from '../../errors.ts'
import { parseSessionId, type SessionId } from '../../ids.ts'

/**
 * The address of a call: a thread, a namespace in it (`''` for the graph itself), and a checkpoint in that namespace.
 */
export interface Address {
  thread: SessionId
  namespace: string
  /** `undefined` if the config names none. */
  checkpoint: string | undefined
}

/** The address of a `list` call. Any part may be missing. */
export type AddressFilter = { [K in keyof Address]: Address[K] | undefined }

/** Parses a config. Throws InvalidIdError if it has no `thread_id`, or if that is not a valid session id. */
export function parseAddress(config: RunnableConfig): Address {
  const { thread, namespace = '', checkpoint } = parseFilter(config)
  if (thread === undefined) {
    throw new InvalidIdError(
      'thread',
      undefined,
      'the config has no "thread_id" in its "configurable". Pass one, such as graph.invoke(input, { configurable: { thread_id: "my-thread" } })',
    )
  }
  return { thread, namespace, checkpoint }
}

/** Like `parseAddress`, but every part is optional. */
export function parseFilter(config: RunnableConfig): AddressFilter {
  const { thread_id: thread, checkpoint_ns: namespace, checkpoint_id, thread_ts } = config?.configurable ?? {}
  return {
    thread: thread === undefined ? undefined : parseSessionId(thread),
    namespace: namespace === undefined || namespace === null ? undefined : parseText('namespace', namespace),
    checkpoint: parseCheckpointId(checkpoint_id ?? thread_ts),
  }
}

/**
 * Parses a checkpoint id. Returns `undefined` for a missing or empty id. Throws InvalidIdError if it is not a string.
 */
export function parseCheckpointId(id: unknown): string | undefined {
  return id === undefined || id === null || id === '' ? undefined : parseText('checkpoint', id)
}

/** Returns the config that names a checkpoint, as `getTuple` and `put` return it. */
export const configOf = (thread: string, namespace: string, checkpoint: string) => ({
  configurable: { thread_id: thread, checkpoint_ns: namespace, checkpoint_id: checkpoint },
})

function parseText(kind: string, value: unknown): string {
  if (typeof value !== 'string') throw new InvalidIdError(kind, value, 'it has to be a string')
  if (!value.isWellFormed()) throw new InvalidIdError(kind, value, 'it has an unpaired surrogate')
  return value
}
