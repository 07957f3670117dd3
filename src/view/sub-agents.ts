/** Collects the messages of sub-agents, which are stored in runs and belong to the calls that started them. */
import type { ReadMessage } from './block.ts'
import { listOf, objectOf } from './fields.ts'
import { isOfSubAgent, type ReadAgent, readEvent, readRun } from './run.ts'

export interface SubAgent {
  id: string
  about: ReadAgent | undefined
  /** Id of the call that started the sub-agent. */
  call: string | undefined
  /** Id of the run that contains its messages. */
  run: string | undefined
  messages: readonly ReadMessage[]
}

/** Returns the sub-agents of these runs, in order. */
export function subAgentsOf(runs: readonly unknown[]): SubAgent[] {
  const agents = new Map<string, SubAgent & { messages: ReadMessage[] }>()
  for (const one of runs) {
    const run = readRun(one)
    for (const written of listOf(objectOf(one).events)) {
      const event = readEvent(written)
      const { message } = event
      if (message === undefined || message.blocks.length === 0 || !isOfSubAgent(run, event)) continue
      const id = run.agent?.id ?? message.agent ?? ''
      const key = `${run.id} ${id}`
      const call = run.agent?.call ?? event.call
      const agent = agents.get(key) ?? { id, about: run.agent, call, run: run.id, messages: [] }
      agents.set(key, agent)
      agent.messages.push({ ...message, at: message.at ?? event.at })
    }
  }
  return [...agents.values()]
}
