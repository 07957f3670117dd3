/** What the tests of the LangGraph adapter share: stores in temporary folders, checkpoints as a loop makes them. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunnableConfig } from '@langchain/core/runnables'
import {
  type BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointTuple,
  uuid6,
} from '@langchain/langgraph-checkpoint'
import { afterEach, beforeEach } from 'vitest'
import { ForkpointSaver, type ForkpointSaverOptions } from '../../../src/adapters/langgraph/index.ts'

/** A folder for each test, and savers that are closed at its end. */
export function useStore() {
  let folder = ''
  let savers: ForkpointSaver[] = []
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'forkpoint-langgraph-'))
    savers = []
  })
  afterEach(async () => {
    for (const saver of savers) await saver.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    get folder() {
      return join(folder, 'store')
    },
    open(options?: ForkpointSaverOptions): ForkpointSaver {
      const saver = new ForkpointSaver(join(folder, 'store'), options)
      savers.push(saver)
      return saver
    },
    /** What the real git says. */
    git: (...args: string[]): string =>
      execFileSync('git', ['--git-dir', join(folder, 'store'), ...args], {
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
      }),
  }
}

export const at = (thread: string, namespace = '', checkpoint?: string): RunnableConfig => ({
  configurable: {
    thread_id: thread,
    checkpoint_ns: namespace,
    ...(checkpoint !== undefined && { checkpoint_id: checkpoint }),
  },
})

export const idOf = (config: RunnableConfig | undefined): string => config?.configurable?.checkpoint_id

let clock = 0
/** Later ids are greater. */
export const nextId = (): string => uuid6(clock++ % 16383)

export function checkpointOf(
  values: Record<string, unknown>,
  versions: ChannelVersions,
  id = nextId(),
): Checkpoint {
  return {
    v: 4,
    id,
    ts: '2026-01-02T03:04:05.678Z',
    channel_values: values,
    channel_versions: { ...versions },
    versions_seen: { node: { ...versions } },
  }
}

export const metadataOf = (source: CheckpointMetadata['source'], step: number): CheckpointMetadata => ({
  source,
  step,
  parents: {},
})

/** A run as LangGraph's loop does it: each put on the one before, versions that go up. */
export class Run {
  readonly saver: BaseCheckpointSaver
  config: RunnableConfig
  values: Record<string, unknown>
  versions: Record<string, number>
  step: number

  constructor(saver: BaseCheckpointSaver, config: RunnableConfig, from?: CheckpointTuple) {
    this.saver = saver
    this.config = from?.config ?? config
    this.values = { ...from?.checkpoint.channel_values }
    this.versions = { ...from?.checkpoint.channel_versions } as Record<string, number>
    this.step = from?.metadata?.step ?? -2
  }

  static async at(saver: BaseCheckpointSaver, config: RunnableConfig): Promise<Run> {
    return new Run(saver, config, await saver.getTuple(config))
  }

  /** `undefined` takes a channel's value away. */
  async put(
    changes: Record<string, unknown>,
    source: CheckpointMetadata['source'] = 'loop',
  ): Promise<RunnableConfig> {
    const version = Math.max(0, ...Object.values(this.versions)) + 1
    const fresh = Object.fromEntries(Object.keys(changes).map((channel) => [channel, version]))
    Object.assign(this.versions, fresh)
    Object.assign(this.values, changes)
    const entries = Object.entries(this.values).filter(([, value]) => value !== undefined)
    this.values = Object.fromEntries(entries)
    this.step++
    const checkpoint = checkpointOf({ ...this.values }, this.versions)
    this.config = await this.saver.put(this.config, checkpoint, metadataOf(source, this.step), fresh)
    return this.config
  }
}

export async function listed(
  saver: BaseCheckpointSaver,
  ...args: Parameters<BaseCheckpointSaver['list']>
): Promise<CheckpointTuple[]> {
  const tuples: CheckpointTuple[] = []
  for await (const tuple of saver.list(...args)) tuples.push(tuple)
  return tuples
}
