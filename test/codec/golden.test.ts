/** The bytes of one small session. They are format 1: this file only ever grows. */
import assert from 'node:assert/strict'
import { expect, test } from 'vitest'
import { sessionLayout } from '../../src/codec/index.ts'
import { checkSession } from '../../src/state/index.ts'
import { decodeDocument, encodeDocument } from '../support/documents.ts'

const sketch = Buffer.alloc(5000, 'png')
const log = 'a line\n'.repeat(12_000)

const session = {
  runs: [
    {
      events: [
        { type: 'run.started', sequence: 0, at: '2025-03-01T08:00:01Z' },
        { text: 'two\nlines', sequence: 1, type: 'text', at: '2025-03-01T08:00:02Z' },
      ],
      prompt: 'Which herbs?',
      usage: { outputTokens: 9, inputTokens: 3 },
      startedAt: '2025-03-01T08:00:01Z',
      status: 'completed',
      id: 'r1',
    },
    { id: 'r2', status: 'running', prompt: '', startedAt: '2025-03-01T08:05:00Z', events: [] },
  ],
  favourite: 'mint',
  messages: [
    {
      content: 'Which herbs\nlike "shade"?\n',
      role: 'user',
      mood: 'sunny',
      id: 'm1',
      createdAt: '2025-03-01T08:00:01Z',
    },
    {
      id: 'm2',
      role: 'assistant',
      content: 'Let me look.',
      parts: [
        { type: 'text', text: 'Let me ' },
        { type: 'text', text: 'look.' },
        {
          type: 'tool-call',
          toolName: 'read',
          toolCallId: 'c1',
          input: { zone: 'north', $lines: ['a'], 'a key': -0 },
        },
      ],
      createdAt: '2025-03-01T08:00:02Z',
    },
    {
      id: 'm3',
      role: 'tool',
      content: 'notes',
      parts: [
        { type: 'file', data: sketch.toString('base64') },
        { type: 'log', log },
        { type: 'half', text: 'a\ud800b' },
      ],
      createdAt: '2025-03-01T08:00:03Z',
    },
  ],
  metadata: { nothing: null, list: [], object: {}, 'ünïcode 🌿': [true, 1.5, [1e21]] },
  config: { autoSave: true, systemPrompt: 'You plan gardens.\nBriefly.', temperature: 0.5 },
  model: 'acme/planner-2',
  usage: { outputTokens: 9, inputTokens: 3 },
  createdAt: '2025-03-01T08:00:00.000Z',
  updatedAt: '2025-03-01T08:05:00.000Z',
  status: 'idle',
  title: 'Plan the herb garden',
  id: 'garden',
  type: 'session',
  schemaVersion: 1,
}

const tree = `
--- session.json
{
  "schemaVersion": 1,
  "type": "session",
  "id": "garden",
  "title": "Plan the herb garden",
  "status": "idle",
  "createdAt": "2025-03-01T08:00:00.000Z",
  "updatedAt": "2025-03-01T08:05:00.000Z",
  "metadata": {"nothing": null, "list": [], "object": {}, "ünïcode 🌿": [true, 1.5, [1e+21]]},
  "favourite": "mint",
  "usage": {"inputTokens": 3, "outputTokens": 9}
}
--- config.json
{
  "model": "acme/planner-2",
  "config": {
    "systemPrompt": {"$lines": [
      "You plan gardens.",
      "Briefly."
    ]},
    "autoSave": true,
    "temperature": 0.5
  }
}
--- README.md
# Plan the herb garden

Session garden, kept by forkpoint: each commit is a checkpoint that can be
resumed. To read the conversation:

    git log --first-parent -p -- '*.md'

The JSON files, with the texts beside them, are the session itself. Two branches of it have no
merge: resume the one you want.
--- .gitattributes
# Two conversations are not merged line by line: git reports a conflict.
* -text
*.json -merge linguist-generated
*.jsonl -merge linguist-generated
*.txt -merge
--- messages/0000/000000-user.json
{
  "id": "m1", "role": "user",
  "content": {"$lines": [
    "Which herbs",
    "like \\"shade\\"?",
    ""
  ]},
  "createdAt": "2025-03-01T08:00:01Z", "mood": "sunny"
}
--- messages/0000/000001-assistant.json
{
  "id": "m2", "role": "assistant",
  "content": {"$parts": "text"},
  "parts": [
    {"type": "text", "text": "Let me "},
    {"type": "text", "text": "look."},
    {"type": "tool-call", "toolName": "read", "toolCallId": "c1", "input": {"zone": "north", "$$lines": ["a"], "a key": -0}}
  ],
  "createdAt": "2025-03-01T08:00:02Z"
}
--- messages/0000/000002-tool.json
{
  "id": "m3", "role": "tool", "content": "notes",
  "parts": [
    {"type": "file", "data": {"$file": "000002-tool.1.bin", "encoding": "base64"}},
    {"type": "log", "log": {"$file": "000002-tool.2.txt"}},
    {"type": "half", "text": "a\\ud800b"}
  ],
  "createdAt": "2025-03-01T08:00:03Z"
}
--- messages/0000/000002-tool.1.bin
5000 bytes
--- messages/0000/000002-tool.2.txt
84000 bytes
--- runs/0000/000000/run.json
{
  "id": "r1", "status": "completed",
  "prompt": "Which herbs?",
  "startedAt": "2025-03-01T08:00:01Z",
  "usage": {"inputTokens": 3, "outputTokens": 9}
}
--- runs/0000/000000/events/000000.jsonl
{"sequence":0,"at":"2025-03-01T08:00:01Z","type":"run.started"}
{"sequence":1,"at":"2025-03-01T08:00:02Z","type":"text","text":"two\\nlines"}
--- runs/0000/000001/run.json
{
  "id": "r2", "status": "running", "prompt": "", "startedAt": "2025-03-01T08:05:00Z",
  "events": []
}
`

test('a session has the files and bytes that format 1 says', () => {
  expect(checkSession(session)).toEqual([])
  const files = encodeDocument(session, sessionLayout)
  const shown = [...files].map(([path, bytes]) => {
    const text = bytes.length > 2000 ? `${bytes.length} bytes\n` : Buffer.from(bytes).toString()
    return `--- ${path}\n${text}`
  })
  expect(`\n${shown.join('')}`).toBe(tree)
  expect(Buffer.from(files.get('messages/0000/000002-tool.1.bin')!)).toEqual(sketch)
  expect(Buffer.from(files.get('messages/0000/000002-tool.2.txt')!).toString()).toBe(log)
})

test('and is read from them, our keys in their order', () => {
  const read = decodeDocument(encodeDocument(session, sessionLayout))
  assert.deepStrictEqual(read, session)
  expect(Object.keys(read)).toEqual([
    'schemaVersion',
    'type',
    'id',
    'title',
    'model',
    'status',
    'createdAt',
    'updatedAt',
    'config',
    'metadata',
    'messages',
    'runs',
    'favourite',
    'usage',
  ])
})
