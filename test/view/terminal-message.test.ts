import { expect, test } from 'vitest'
import { subAgentsOf } from '../../src/view/sub-agents.ts'
import { render } from '../../src/view/terminal/line.ts'
import { messageLines } from '../../src/view/terminal/message.ts'

const shown = (message: unknown): string[] =>
  messageLines(message, 3, { full: false }).map((line) => render(line, false))

const langChain = (name: string, kwargs: object) => ({
  lc: 1,
  type: 'constructor',
  id: ['langchain_core', 'messages', name],
  kwargs,
})

test('Messages of LangChain are shown as what was said', () => {
  expect(shown(langChain('HumanMessage', { content: 'Review it' }))).toEqual(['#3 human', '    Review it'])
  const called = langChain('AIMessage', {
    content: [{ type: 'text', text: 'I look.' }],
    tool_calls: [{ name: 'read', args: { path: 'a.ts' }, id: 'c1' }],
  })
  expect(shown(called)).toEqual(['#3 ai', '    I look.', '    → read {"path":"a.ts"}'])
  const result = langChain('ToolMessage', { content: 'export {}' })
  expect(shown(result)).toEqual(['#3 tool', '    ←', '      export {}'])
})

test('Items of the OpenAI Agents SDK are shown as what was said and called', () => {
  const answer = { role: 'assistant', content: [{ type: 'output_text', text: 'Rain.' }] }
  expect(shown(answer)).toEqual(['#3 assistant', '    Rain.'])
  const call = { type: 'function_call', name: 'weather', callId: 'c1', arguments: '{"city":"Oslo"}' }
  expect(shown(call)).toEqual(['#3 assistant', '    → weather {"city":"Oslo"}'])
  expect(shown({ ...call, arguments: 'not JSON' })[1]).toBe('    → weather "not JSON"')
  const result = { type: 'function_call_result', name: 'weather', output: { type: 'text', text: '4 °C' } }
  expect(shown(result)).toEqual(['#3 tool', '    ← weather', '      4 °C'])
})

test('What is of no framework we know stays as it is', () => {
  expect(shown({ type: 'constructor', id: 'x' })[1]).toBe('    {"type":"constructor","id":"x"}')
})

test('A call that changes a file is shown as a diff', () => {
  const input = { file_path: 'a.ts', old_string: 'one\ntwo', new_string: 'one\nthree', replace_all: true }
  const edit = { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'Edit', input }] }
  expect(shown(edit)).toEqual([
    '#3 assistant',
    '    → Edit a.ts {"replace_all":true}',
    '       one',
    '      -two',
    '      +three',
  ])
})

test('What a sub-agent said stands below the call that started it', () => {
  const said = (n: number) => ({ sequence: n, at: '2025-01-01T00:00:00Z', type: 'text', text: `words ${n}` })
  const run = {
    id: 'r',
    agent: { id: 'a1', type: 'explore', description: 'find it', toolCallId: 'c1' },
    events: [1, 2, 3, 4, 5, 6].map(said),
  }
  const agents = new Map([['c1', subAgentsOf([run])]])
  const call = { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'Task', input: {} }] }
  const lines = (full: boolean) => messageLines(call, 0, { full, agents }).map((line) => render(line, false))
  expect(lines(false)).toEqual([
    '#0 assistant',
    '    → Task {}',
    '    ⤷ sub-agent explore · find it 6 messages',
    '        assistant',
    '            words 1',
    '        … 4 more messages: --full shows them',
    '        assistant',
    '            words 6',
  ])
  expect(lines(true)).toHaveLength(15)
})
