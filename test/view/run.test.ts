import { expect, test } from 'vitest'
import { isOfSubAgent, readEvent, readRun } from '../../src/view/run.ts'

test('The events of our own agent are read as what was said and done', () => {
  const start = {
    sequence: 3,
    at: 'now',
    type: 'tool-start',
    call: 'c1',
    tool: 'bash',
    input: { command: 'ls' },
  }
  expect(readEvent(start)).toMatchObject({
    sequence: 3,
    at: 'now',
    type: 'tool-start',
    call: 'c1',
    message: {
      who: 'assistant',
      blocks: [{ kind: 'call', id: 'c1', tool: 'bash', input: { command: 'ls' } }],
    },
  })
  expect(readEvent({ type: 'tool-output', call: 'c1', tool: 'bash', text: 'a.txt' }).message?.blocks).toEqual(
    [{ kind: 'result', id: 'c1', tool: 'bash', output: 'a.txt', failed: false }],
  )
  expect(readEvent({ type: 'error', error: { message: 'no' } }).message?.blocks).toEqual([
    { kind: 'error', text: 'no' },
  ])
  expect(readEvent({ type: 'usage', usage: {} }).message).toBeUndefined()
})

test("The events of an imported sub-agent are read as messages, and told from the session's own", () => {
  const run = readRun({
    id: 'agent-line-4',
    agent: { id: 'a', type: 'Explore', toolCallId: 'c1' },
    events: [],
  })
  expect(run.agent).toEqual({ id: 'a', description: undefined, type: 'Explore', call: 'c1' })
  const message = { role: 'assistant', content: [{ type: 'text', text: 'found' }] }
  const said = readEvent({
    sequence: 1,
    at: 'now',
    type: 'assistant',
    source: { line: 4, fields: { message } },
  })
  expect(said.message).toMatchObject({
    who: 'assistant',
    at: 'now',
    blocks: [{ kind: 'text', text: 'found' }],
  })
  expect(isOfSubAgent(run, said)).toBe(true)
  expect(isOfSubAgent(readRun({ id: 'line-1' }), said)).toBe(false)
  const progress = readEvent({
    type: 'progress',
    subtype: 'agent_progress',
    source: {
      line: 9,
      fields: { data: { agentId: 'a', message: { type: 'assistant', message } }, parentToolUseID: 'c1' },
    },
  })
  expect(progress).toMatchObject({
    call: 'c1',
    message: { agent: 'a', blocks: [{ kind: 'text', text: 'found' }] },
  })
  expect(isOfSubAgent(readRun({ id: 'line-1' }), progress)).toBe(true)
})
