/** Assigns lines of a session's own file to sub-agents, and collects the task of each sub-agent. */

import { isJsonObject } from '../../json-value.ts'
import type { AgentInfo } from '../importer.ts'
import { blocksOf, type Entry, stringAt, textOf } from './entry.ts'

/** Returns what is known about an agent with this prompt. */
export const agentInfo = (
  id: string,
  prompt: string,
  tasks: ReadonlyMap<string, Omit<AgentInfo, 'id'>> | undefined,
): AgentInfo => ({ id, ...tasks?.get(prompt.trim()) })

export class SideChains {
  readonly #chainOf = new Map<string, string>()
  readonly #prompts = new Map<string, string>()
  /** The call that started an agent, by the agent's prompt. */
  readonly tasks = new Map<string, Omit<AgentInfo, 'id'>>()
  #last: string | undefined

  /** Processes an entry of a conversation. Returns the key of the chain if the entry is a sub-agent's. */
  see(entry: Entry, sidechain: boolean, turn: number): string | undefined {
    if (!sidechain) {
      this.#seeTasks(entry)
      return undefined
    }
    const uuid = stringAt(entry, 'uuid')
    const parent = stringAt(entry, 'parentUuid')
    const inherited = parent === undefined ? undefined : (this.#chainOf.get(parent) ?? this.#last)
    const chain = stringAt(entry, 'agentId') ?? inherited ?? uuid ?? `turn-${turn}`
    if (uuid !== undefined) this.#chainOf.set(uuid, chain)
    if (!this.#prompts.has(chain)) this.#prompts.set(chain, entry.type === 'user' ? textOf(entry) : '')
    this.#last = chain
    return chain
  }

  /** Whether no entry is a sub-agent's. */
  get isEmpty(): boolean {
    return this.#prompts.size === 0
  }

  prompt(chain: string): string {
    return this.#prompts.get(chain) ?? ''
  }

  /** Returns what is known about an agent with this prompt. */
  info(id: string, prompt: string): AgentInfo {
    return agentInfo(id, prompt, this.tasks)
  }

  #seeTasks(entry: Entry): void {
    if (entry.type !== 'assistant') return
    for (const block of blocksOf(entry)) {
      if (!isJsonObject(block) || block.type !== 'tool_use') continue
      const prompt = stringAt(block.input, 'prompt')
      const description = stringAt(block.input, 'description')
      if (prompt === undefined || description === undefined) continue
      const type = stringAt(block.input, 'subagent_type')
      const toolCallId = stringAt(block, 'id')
      this.tasks.set(prompt.trim(), {
        description,
        ...(type === undefined ? {} : { type }),
        ...(toolCallId === undefined ? {} : { toolCallId }),
      })
    }
  }
}
