/** What can be damaged of one thread, and that all others are listed all the same. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ForkpointSaver } from '../../../src/adapters/langgraph/index.ts'
import { CorruptError, type Problem } from '../../../src/index.ts'
import { lose } from '../../store/support/remade.ts'
import { at, listed, Run, useStore } from './context.ts'

const context = useStore()
const file = (path: string) => join(context.folder, 'refs/heads', path)
const idAt = (revision: string): string => context.git('rev-parse', revision).trim()

/** What it is, how it is done, and how many checkpoints of the damaged thread are left. */
const DAMAGES: [string, () => void, number][] = [
  ['its ref is empty', () => writeFileSync(file('b/main'), ''), 0],
  ['its ref names no object', () => writeFileSync(file('b/main'), `${'1'.repeat(40)}\n`), 0],
  ['its ref names a tree', () => writeFileSync(file('b/main'), `${idAt('b/main^{tree}')}\n`), 0],
  ['the ref of its writes is garbage', () => writeFileSync(file('b/_writes'), 'garbage\n'), 0],
  ['a commit of it is lost', () => lose(context.folder, idAt('b/main~1')), 0],
  ['the tree of its last checkpoint is lost', () => lose(context.folder, idAt('b/main^{tree}')), 1],
]

test.each(DAMAGES)('%s', async (_, damage, left) => {
  const saver = context.open()
  for (const thread of ['a', 'b', 'c']) {
    const run = new Run(saver, at(thread))
    await run.put({ text: `${thread} one` }, 'input')
    await run.put({ text: `${thread} two` })
    await saver.putWrites(run.config, [['text', 'x']], 'task')
  }
  await saver.close()
  damage()
  const problems: Problem[] = []
  const other = context.open({ onProblem: (problem) => problems.push(problem) })
  const threads = (await listed(other, {})).map(({ config }) => config.configurable?.thread_id)
  expect(threads.sort()).toEqual(['a', 'a', ...Array.from({ length: left }, () => 'b'), 'c', 'c'])
  expect(problems).toEqual([expect.objectContaining({ session: 'b', message: expect.stringMatching(/./) })])
  await expect(listed(other, at('b'))).rejects.toThrow(CorruptError)
  expect(await listed(other, at('a'))).toHaveLength(2)
  // Without anyone who listens they are listed just so.
  expect(await listed(context.open(), {})).toHaveLength(4 + left)
})

test('what shall hear of problems has to be a function', () => {
  expect(() => new ForkpointSaver(context.folder, { onProblem: 7 as never })).toThrow(TypeError)
})
