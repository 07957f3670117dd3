/**
 * `session.json` of a checkpoint: the checkpoint's own fields, its metadata, and the kinds of its channels' folders.
 */

import type { Checkpoint, CheckpointMetadata } from '@langchain/langgraph-checkpoint'
import { ByteCache, entriesOf, type ObjectStore } from '../../../checkpoints/trees/objects.ts'
import { decodeHead, isOurs } from '../../../codec/index.ts'
import { CorruptError } from '../../../errors.ts'
import type { ObjectId } from '../../../ids.ts'
import { isJsonObject, type JsonObject } from '../../../json-value.ts'
import { deserialize, type ValueRules } from './stored-value.ts'

/** `list`: the folder contains the items of a list. `value`: its only item is the value. */
export type ChannelKind = 'list' | 'value'

export interface CheckpointHead {
  document: JsonObject
  /** Shared between callers. For a copy to hand out, use `CheckpointHeads.checkpoint`. */
  checkpoint: Omit<Checkpoint, 'channel_values'>
  /** Channels that have a value. */
  channels: ReadonlyMap<string, ChannelKind>
}

export class CheckpointHeads {
  readonly #objects: ObjectStore
  readonly #rules: ValueRules
  readonly #heads = new ByteCache<string, CheckpointHead>(4 * 1024 * 1024)

  constructor(objects: ObjectStore, rules: ValueRules) {
    this.#objects = objects
    this.#rules = rules
  }

  /** Reads the head of a tree. Throws CorruptError. */
  async read(tree: ObjectId): Promise<CheckpointHead> {
    const known = this.#heads.get(tree)
    if (known !== undefined) return known
    const names = new Map<string, ObjectId>()
    for (const { name, mode, id } of entriesOf(await this.#objects.readTree(tree)))
      if (mode === '100644' && isOurs(name)) names.set(name, id)
    const blobs = await this.#objects.readMany(names.values())
    return this.keep(tree, decodeHead(new Map([...names].map(([name, id]) => [name, blobs.get(id)!.data]))))
  }

  /** Caches the head of a tree, made from its document. */
  async keep(tree: ObjectId, document: JsonObject): Promise<CheckpointHead> {
    const checkpoint = await deserialize(this.#rules.serde, document.checkpoint)
    const { channels } = document
    if (!isJsonObject(channels) || typeof checkpoint !== 'object' || checkpoint === null) {
      throw new CorruptError("'session.json' does not contain a LangGraph checkpoint.", {
        file: 'session.json',
        object: tree,
      })
    }
    const head = {
      document,
      checkpoint: checkpoint as CheckpointHead['checkpoint'],
      channels: new Map(Object.entries(channels) as [string, ChannelKind][]),
    }
    this.#remember(tree, head)
    return head
  }

  /** Remembers that a tree has the same head as another one. */
  learn(made: ObjectId, stored: ObjectId): void {
    const head = this.#heads.get(made)
    if (head !== undefined) this.#remember(stored, head)
  }

  #remember(tree: ObjectId, head: CheckpointHead): void {
    this.#heads.set(tree, head, 4000 + head.channels.size * 300)
  }

  /** Returns a copy of the checkpoint's own fields, which the caller may change. */
  async checkpoint(tree: ObjectId): Promise<CheckpointHead['checkpoint']> {
    const { document } = await this.read(tree)
    return (await deserialize(this.#rules.serde, document.checkpoint)) as CheckpointHead['checkpoint']
  }

  /** Returns a copy of the metadata, which the caller may change. */
  async metadata(tree: ObjectId): Promise<CheckpointMetadata> {
    const { document } = await this.read(tree)
    return (await deserialize(this.#rules.serde, document.metadata)) as CheckpointMetadata
  }
}
