import { describe, expect, test } from 'vitest'
import { readMessage } from '../../src/view/message.ts'

const langChain = (name: string, kwargs: object) => ({
  lc: 1,
  type: 'constructor',
  id: ['langchain_core', 'messages', name],
  kwargs,
})

const CALL = { kind: 'call', id: 'c1', tool: 'look', input: { at: 'it' } }
const RESULT = { kind: 'result', id: 'c1', tool: 'look', output: 'seen', failed: false }
const PICTURE = { kind: 'file', mediaType: 'image/png', data: 'iVBORw0K' }

describe('One model is made of the messages of each framework', () => {
  test.each([
    [
      'ours',
      [
        {
          role: 'assistant',
          parts: [{ type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: { at: 'it' } }],
        },
        {
          role: 'tool',
          parts: [
            {
              type: 'tool-result',
              toolCallId: 'c1',
              toolName: 'look',
              output: { type: 'text', value: 'seen' },
            },
          ],
        },
      ],
    ],
    [
      "LangChain's",
      [
        langChain('AIMessage', { content: '', tool_calls: [{ id: 'c1', name: 'look', args: { at: 'it' } }] }),
        langChain('ToolMessage', { content: 'seen', name: 'look', tool_call_id: 'c1' }),
      ],
    ],
    [
      "the OpenAI Agents SDK's",
      [
        { type: 'function_call', name: 'look', callId: 'c1', arguments: '{"at":"it"}' },
        { type: 'function_call_result', name: 'look', callId: 'c1', output: { type: 'text', text: 'seen' } },
      ],
    ],
    [
      "OpenAI's chat",
      [
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":"it"}' } }],
        },
        { role: 'tool', name: 'look', tool_call_id: 'c1', content: 'seen' },
      ],
    ],
    [
      'UI messages',
      [
        {
          role: 'assistant',
          parts: [
            {
              type: 'tool-look',
              toolCallId: 'c1',
              state: 'output-available',
              input: { at: 'it' },
              output: 'seen',
            },
          ],
        },
      ],
    ],
  ])('%s', (_, items) => {
    expect(items.flatMap((item) => readMessage(item).blocks)).toEqual([CALL, RESULT])
  })

  test("and Claude's, whose results do not name the tool", () => {
    const entry = (type: string, content: unknown[], more = {}) => ({
      type,
      uuid: 'u',
      timestamp: '2025-11-03T09:12:40.000Z',
      message: { role: type, content, ...more },
    })
    const call = entry('assistant', [{ type: 'tool_use', id: 'c1', name: 'look', input: { at: 'it' } }], {
      model: 'some-model',
      usage: { input_tokens: 3, output_tokens: 4, cache_read_input_tokens: 2 },
    })
    expect(readMessage(call)).toMatchObject({
      id: 'u',
      at: '2025-11-03T09:12:40.000Z',
      model: 'some-model',
      usage: { input: 3, output: 4, cached: 2 },
      blocks: [CALL],
    })
    const result = entry('user', [
      { type: 'tool_result', tool_use_id: 'c1', content: [{ type: 'text', text: 'seen' }] },
    ])
    expect(readMessage(result).blocks).toEqual([{ ...RESULT, tool: '' }])
  })
})

test('Files in a result follow it', () => {
  const content = [
    { type: 'text', text: 'seen' },
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0K' } },
  ]
  const { blocks } = readMessage({
    role: 'user',
    content: [{ type: 'tool_result', tool_use_id: 'c1', content }],
  })
  expect(blocks).toMatchObject([{ ...RESULT, tool: '' }, PICTURE])
})

test.each([
  ['the model', { type: 'image', image: 'iVBORw0K', mediaType: 'image/png' }],
  ['Claude', { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0K' } }],
  ['a UI message', { type: 'file', url: 'iVBORw0K', mediaType: 'image/png', filename: 'a.png' }],
])('An image of %s is a file', (_, part) => {
  expect(readMessage({ role: 'user', content: [part] }).blocks).toMatchObject([PICTURE])
})

test('A summary that stands for what was said before is told from what a person said', () => {
  const imported = {
    role: 'user',
    content: 'So far …',
    source: { line: 7, fields: { isCompactSummary: true } },
  }
  expect(readMessage(imported).about).toBe('compaction')
  expect(readMessage({ role: 'user', content: 'So far' }).about).toBeUndefined()
  expect(readMessage({ type: 'compaction', id: 'x' }).about).toBe('compaction')
  const boundary = { type: 'system', subtype: 'compact_boundary', content: 'Conversation compacted' }
  expect(readMessage(boundary)).toMatchObject({ who: 'system', about: 'compaction' })
})

test('A line of a sub-agent names it', () => {
  const line = {
    type: 'assistant',
    isSidechain: true,
    agentId: 'a1',
    message: { role: 'assistant', content: 'x' },
  }
  expect(readMessage(line).agent).toBe('a1')
})

test('Tokens are read in the words of each provider', () => {
  const usage = { input: 10, output: 5, cached: 4, total: 15 }
  const ours = { inputTokens: 10, outputTokens: 5, cachedInputTokens: 4, totalTokens: 15 }
  expect(readMessage({ role: 'assistant', content: 'x', usage: ours }).usage).toEqual(usage)
  const theirs = {
    content: 'x',
    usage_metadata: {
      input_tokens: 10,
      output_tokens: 5,
      total_tokens: 15,
      input_token_details: { cache_read: 4 },
    },
  }
  expect(readMessage(langChain('AIMessage', theirs)).usage).toEqual(usage)
  expect(readMessage({ role: 'assistant', content: 'x' }).usage).toBeUndefined()
})

test('Commands of a shell give what they put out, and a screen its picture', () => {
  const shell = {
    type: 'shell_call_output',
    callId: 'c',
    output: [{ stdout: 'a\n', stderr: 'b\n' }, { stdout: 'c' }],
  }
  expect(readMessage(shell).blocks).toMatchObject([{ kind: 'result', tool: 'shell', output: 'a\nb\nc' }])
  const screen = {
    type: 'computer_call_result',
    callId: 'c',
    output: { type: 'computer_screenshot', data: 'iVBO' },
  }
  expect(readMessage(screen).blocks).toMatchObject([{ kind: 'result' }, { kind: 'file', data: 'iVBO' }])
})
