/** Which lines of a session's own file belong to which sub-agent, and what each of them was asked to do. */

import { isJsonObject } from '../../json-value.ts'
import type { AgentInfo } from '../importer.ts'
import { blocksOf, type Entry, stringAt, textOf } from './entry.ts'

export class SideChains {
  readonly #chainOf = new Map<string, string>()
  readonly #prompts = new Map<string, string>()
  /** By prompt: the call that started an agent with it. */
  readonly #tasks = new Map<string, Omit<AgentInfo, 'id'>>()
  #last: string | undefined

  /** Takes an entry of a conversation in. Returns the key of the chain for an entry of a sub-agent. */
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

  prompt(chain: string): string {
    return this.#prompts.get(chain) ?? ''
  }

  /** What is known of an agent that was given this prompt. */
  info(id: string, prompt: string): AgentInfo {
    return { id, ...this.#tasks.get(prompt.trim()) }
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
      this.#tasks.set(prompt.trim(), {
        description,
        ...(type === undefined ? {} : { type }),
        ...(toolCallId === undefined ? {} : { toolCallId }),
      })
    }
  }
}
