/** LangGraph's own conformance suite for checkpointers, whole: nothing filtered, nothing skipped. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deltaChannelHistoryTests, validate } from '@langchain/langgraph-checkpoint-validation'
import { ForkpointSaver } from '../../../src/adapters/langgraph/index.ts'

const folders = new Map<ForkpointSaver, string>()

const initializer = {
  checkpointerName: 'forkpoint',
  createCheckpointer() {
    const folder = mkdtempSync(join(tmpdir(), 'forkpoint-langgraph-'))
    const saver = new ForkpointSaver(join(folder, 'store'))
    folders.set(saver, folder)
    return saver
  },
  async destroyCheckpointer(saver: ForkpointSaver) {
    await saver.close()
    rmSync(folders.get(saver)!, { recursive: true, force: true })
  },
}

validate(initializer)
deltaChannelHistoryTests(initializer)
