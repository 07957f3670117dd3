import { describe, expect, test } from 'vitest'
import { roundTripOf, subjects } from './round-trip.ts'
import { STORES } from './stores.ts'
import { call, TranscriptBuilder } from './transcript-builder.ts'

describe.each(STORES)('a Claude Code session in a $name store', ({ open }) => {
  const roundTrip = roundTripOf(open)

  describe('turns', () => {
    test('one checkpoint a turn, at the original time, and one for what stands before the first prompt', async () => {
      const t = new TranscriptBuilder()
      t.raw({ type: 'summary', summary: 'Another session', leafUuid: 'elsewhere' })
      t.progress()
      t.prompt('List the\n files')
      t.text('Three files.')
      t.turnEnd()
      t.raw({ type: 'file-history-snapshot', messageId: 'u7', snapshot: {}, isSnapshotUpdate: false })
      t.prompt('Thanks')
      t.text('You are welcome.')
      const { store, result } = await roundTrip(t.lines)
      expect(result).toMatchObject({ created: true, checkpoints: 3, messages: 4, added: 8, turns: 2 })
      expect(await subjects(store, 'session-1')).toEqual([
        'session start (Claude Code 2.1.12)',
        'turn 1: List the files',
        'turn 2: Thanks',
      ])
      const log = []
      for await (const checkpoint of store.log('session-1')) log.push(checkpoint)
      expect(log.map(({ seq, kind, createdAt }) => [seq, kind, createdAt])).toEqual([
        [2, 'import', '2025-11-03T09:00:07.000Z'],
        [1, 'import', '2025-11-03T09:00:04.000Z'],
      ])
    })

    test('a run a turn, with what is no message as its events, in order', async () => {
      const t = new TranscriptBuilder()
      t.prompt('Go')
      t.progress()
      t.text('Done.')
      t.turnEnd()
      t.raw({ type: 'queue-operation', operation: 'enqueue', sessionId: 'session-1' })
      t.raw({ type: 'never-seen-before', sessionId: 'session-1', deep: { list: [1, null, 'x'] } })
      const { state } = await roundTrip(t.lines)
      expect(state.runs).toHaveLength(1)
      expect(state.runs[0]).toMatchObject({
        id: 'line-1',
        status: 'completed',
        prompt: 'Go',
        startedAt: '2025-11-03T09:00:00.000Z',
        endedAt: '2025-11-03T09:00:03.000Z',
        usage: { inputTokens: 105, outputTokens: 10, totalTokens: 115, cachedInputTokens: 100 },
      })
      expect(state.runs[0]?.events.map(({ sequence, type, subtype }) => [sequence, type, subtype])).toEqual([
        [1, 'progress', 'hook_progress'],
        [2, 'system', 'turn_duration'],
        [3, 'queue-operation', 'enqueue'],
        [4, 'never-seen-before', undefined],
      ])
    })

    test('tool results, injected text, interruptions and output of commands start no turn', async () => {
      const t = new TranscriptBuilder()
      t.prompt('<command-name>/model</command-name><command-args>opus</command-args>')
      t.prompt('<local-command-stdout>Set model to opus</local-command-stdout>')
      t.prompt('Caveat: the messages below were generated', { isMeta: true })
      t.prompt('Go')
      t.reply([call('c1')])
      t.result('c1', 'a file')
      t.prompt([{ type: 'text', text: '[Request interrupted by user for tool use]' }])
      const { store, state } = await roundTrip(t.lines)
      expect((await subjects(store, 'session-1')).slice(1)).toEqual(['turn 1: /model opus', 'turn 2: Go'])
      expect(state.runs.map(({ status }) => status)).toEqual(['completed', 'interrupted'])
    })

    test('the title is the one the user gave, else the one the tool gave, else the first prompt', async () => {
      const t = new TranscriptBuilder()
      t.raw({ type: 'summary', summary: 'Another session', leafUuid: 'elsewhere' })
      t.prompt('<command-name>/mcp</command-name>')
      t.prompt('Fix the parser')
      expect((await roundTrip(t.lines)).state.title).toBe('Fix the parser')
      t.raw({ type: 'ai-title', aiTitle: 'Parser fix', sessionId: 'session-1' })
      expect((await roundTrip(t.lines)).state.title).toBe('Parser fix')
      t.raw({ type: 'custom-title', customTitle: 'My parser', sessionId: 'session-1' })
      t.raw({ type: 'ai-title', aiTitle: 'Parser fix 2', sessionId: 'session-1' })
      expect((await roundTrip(t.lines)).state).toMatchObject({
        title: 'My parser',
        status: 'idle',
        workspace: '/repo',
      })
    })
  })

  describe('messages', () => {
    test('lines of one reply are one message, even with results of parallel tools between them', async () => {
      const t = new TranscriptBuilder()
      t.prompt('Read both')
      const [first] = t.reply([{ type: 'thinking', thinking: 'Both at once.', signature: 'sig' }], {
        id: 'm1',
      })
      const [a] = t.reply([call('c1', 'Read', { file_path: 'a' })], { id: 'm1' })
      t.result('c1', 'text of a', { toolUseResult: { stdout: 'text of a', stderr: 'oh' } })
      t.parent = a as string
      t.reply([call('c2', 'Read', { file_path: 'b' })], { id: 'm1' })
      t.result('c2', [{ type: 'text', text: 'text of b' }])
      t.text('Read.')
      const { state } = await roundTrip(t.lines)
      expect(state.messages.map(({ role }) => role)).toEqual([
        'user',
        'assistant',
        'tool',
        'tool',
        'assistant',
      ])
      expect(state.messages[1]).toMatchObject({
        id: first,
        content: '',
        parts: [
          {
            type: 'reasoning',
            text: 'Both at once.',
            providerOptions: { anthropic: { signature: 'sig' } },
          },
          { type: 'tool-call', toolCallId: 'c1', toolName: 'Read', input: { file_path: 'a' } },
          { type: 'tool-call', toolCallId: 'c2', toolName: 'Read', input: { file_path: 'b' } },
        ],
      })
      expect(state.messages[2]?.parts).toEqual([
        {
          type: 'tool-result',
          toolCallId: 'c1',
          toolName: 'Read',
          output: { type: 'text', value: 'text of a' },
        },
      ])
      expect(state.messages[3]?.parts?.[0]).toMatchObject({
        output: { type: 'content', value: [{ type: 'text', text: 'text of b' }] },
      })
      expect(state.usage.totalTokens).toBe(230)
    })

    test('images, documents, failed tools and unknown blocks', async () => {
      const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBOR' } }
      const t = new TranscriptBuilder()
      t.prompt([
        { type: 'text', text: 'See' },
        image,
        { type: 'image', source: { media_type: 'image/gif', type: 'base64', data: 'R0lG' } },
        { type: 'image', source: { type: 'url', url: 'https://example.org/x.png' } },
        { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBER' } },
        { type: 'hologram', beam: 3 },
        { type: 'tool-call', of: 'another tool' },
        'no block at all',
      ])
      t.reply([
        { type: 'redacted_thinking', data: 'xyz' },
        { type: 'text', text: 'Hm', citations: [{ url: 'x' }] },
        { ...call('c1'), caller: { type: 'direct' } },
      ])
      t.result('c1', 'no such file', { toolUseResult: 'Error: no such file' })
      t.prompt([{ type: 'tool_result', content: 'bad', is_error: true, tool_use_id: 'c1' }])
      t.prompt([{ type: 'tool_result', tool_use_id: 'c1' }])
      t.prompt([{ type: 'tool_result', tool_use_id: 'c1', content: [image], is_error: false }])
      t.prompt([{ type: 'tool_result', tool_use_id: 'c1', content: [image], is_error: true }])
      const { state } = await roundTrip(t.lines)
      expect(state.messages[0]?.parts?.map(({ type }) => type)).toEqual([
        'text',
        'image',
        'image',
        'image',
        'file',
        'hologram',
        'tool-call',
        'unknown',
      ])
      expect(state.messages[0]?.parts?.[1]).toEqual({ type: 'image', image: 'iVBOR', mediaType: 'image/png' })
      const outputs = state.messages.slice(2).map(({ parts }) => parts?.[0]?.output)
      expect(outputs).toMatchObject([
        { type: 'text', value: 'no such file' },
        { type: 'error-text', value: 'bad' },
        { type: 'text', value: '' },
        { type: 'content', value: [{ type: 'media', data: 'iVBOR', mediaType: 'image/png' }] },
        { type: 'error-json' },
      ])
    })

    test('what the user says beside a tool result is a message of its own', async () => {
      const t = new TranscriptBuilder()
      t.prompt('Go')
      t.reply([call('c1')])
      const id = t.prompt([
        { tool_use_id: 'c1', type: 'tool_result', content: 'rejected' },
        { type: 'text', text: 'Use the other file' },
      ])
      t.prompt([
        { type: 'text', text: 'Before' },
        { tool_use_id: 'c1', type: 'tool_result', content: 'after' },
      ])
      const { state } = await roundTrip(t.lines)
      expect(state.messages.slice(2, 4)).toMatchObject([
        { id, role: 'tool', parts: [{ type: 'tool-result' }] },
        { id: `${id}-2`, role: 'user', content: 'Use the other file' },
      ])
    })

    test('long texts are stored once', async () => {
      const long = 'all work and no play '.repeat(500)
      const t = new TranscriptBuilder()
      t.prompt(long)
      t.reply([
        { type: 'thinking', thinking: long, signature: 's' },
        { type: 'text', text: 'ok' },
        call('c1'),
      ])
      t.result('c1', long, {
        toolUseResult: { stdout: long, stderr: '', interrupted: false, isImage: false },
      })
      const { state } = await roundTrip(t.lines)
      expect(JSON.stringify(state.messages).length).toBeLessThan(3.3 * long.length)
      expect(JSON.stringify(state.runs).length).toBeLessThan(3000)
    })

    test('the tokens of a reply count once, in the turn where it began', async () => {
      const t = new TranscriptBuilder()
      t.prompt('One')
      t.reply(
        [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
        { id: 'm1' },
      )
      t.prompt('Two')
      t.text('c', { id: 'm1' })
      const { state } = await roundTrip(t.lines)
      expect(state.runs.map(({ usage }) => usage?.totalTokens)).toEqual([115, undefined])
      expect(state.usage.totalTokens).toBe(115)
    })
  })
})
