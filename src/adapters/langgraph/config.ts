/** What a `RunnableConfig` says to a checkpointer, parsed once. */
import type { RunnableConfig } from '@langchain/core/runnables'
import { InvalidIdError } from '../../errors.ts'
import { parseSessionId, type SessionId } from '../../ids.ts'

/** Where a call points: a thread, a namespace in it (`''`: the graph itself), and a checkpoint there. */
export interface Address {
  thread: SessionId
  namespace: string
  /** `undefined`: none was named. */
  checkpoint: string | undefined
}

/** What `list` is asked for: any of them may be missing. */
export type AddressFilter = { [K in keyof Address]: Address[K] | undefined }

/** Throws InvalidIdError without a `thread_id`, or for one that can name no session. */
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

/** As `parseAddress`, where nothing need be named. */
export function parseFilter(config: RunnableConfig): AddressFilter {
  const { thread_id: thread, checkpoint_ns: namespace, checkpoint_id, thread_ts } = config?.configurable ?? {}
  return {
    thread: thread === undefined ? undefined : parseSessionId(thread),
    namespace: namespace === undefined || namespace === null ? undefined : parseText('namespace', namespace),
    checkpoint: parseCheckpointId(checkpoint_id ?? thread_ts),
  }
}

/** `undefined` for no id, as which an empty one counts too. Throws InvalidIdError for what is no text. */
export function parseCheckpointId(id: unknown): string | undefined {
  return id === undefined || id === null || id === '' ? undefined : parseText('checkpoint', id)
}

/** The config that names a checkpoint, as `getTuple` and `put` return it. */
export const configOf = (thread: string, namespace: string, checkpoint: string) => ({
  configurable: { thread_id: thread, checkpoint_ns: namespace, checkpoint_id: checkpoint },
})

function parseText(kind: string, value: unknown): string {
  if (typeof value !== 'string') throw new InvalidIdError(kind, value, 'it has to be a string')
  if (!value.isWellFormed()) throw new InvalidIdError(kind, value, 'it has an unpaired surrogate')
  return value
}
