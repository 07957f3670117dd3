/** The states that a streamed answer goes through, made by the AI SDK's own reader of streams. */
import { isDeepStrictEqual } from 'node:util'
import { readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai'
import fc from 'fast-check'

/** Every state, as JSON has it, each once in a row. */
export async function statesOf(chunks: readonly object[]): Promise<UIMessage[]> {
  const states: UIMessage[] = []
  const stream = new ReadableStream<UIMessageChunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(structuredClone(chunk) as UIMessageChunk)
      controller.close()
    },
  })
  for await (const message of readUIMessageStream({ stream })) {
    const state = JSON.parse(JSON.stringify(message))
    if (!isDeepStrictEqual(states.at(-1), state)) states.push(state)
  }
  return states
}

type Chunks = readonly object[]
const meta = (value: number) => ({
  anthropic: { signature: `s${value}`, ...(value % 2 === 0 && { more: value }) },
})

const pieces = fc.array(fc.constantFrom('a', 'ab', ' ', '🌷', '\n'), { maxLength: 3 })

/** Text or reasoning in pieces, with a signature at its start, in its middle or at its end. */
const textual = (type: 'text' | 'reasoning') =>
  fc
    .tuple(pieces, fc.constantFrom(0, 1, 2), fc.nat(3))
    .map(([deltas, where, value]) => (id: string): Chunks => {
      const providerMetadata = meta(value)
      return [
        { type: `${type}-start`, id, ...(where === 0 && { providerMetadata }) },
        ...deltas.map((delta) => ({ type: `${type}-delta`, id, delta })),
        ...(where === 1 ? [{ type: `${type}-delta`, id, delta: '', providerMetadata }] : []),
        { type: `${type}-end`, id, ...(where === 2 && { providerMetadata }) },
      ]
    })

const ends = ['output', 'error', 'approval', 'denied', 'wrong input', 'nothing'] as const

const call = fc
  .record({ end: fc.constantFrom(...ends), dynamic: fc.boolean(), reports: fc.nat(2), streams: fc.boolean() })
  .map(({ end, dynamic, reports, streams }) => (toolCallId: string): Chunks => {
    const input = { city: 'Oslo', days: 2 }
    const named = { toolCallId, toolName: 'weather', ...(dynamic && { dynamic }) }
    const text = JSON.stringify(input)
    const asked = {
      type: 'tool-approval-request',
      toolCallId,
      approvalId: `p${toolCallId}`,
      signature: 'sig',
    }
    const output = (value: unknown, more = {}) => ({
      type: 'tool-output-available',
      toolCallId,
      output: value,
      ...(dynamic && { dynamic }),
      ...more,
    })
    const results: Record<(typeof ends)[number], Chunks> = {
      output: [output({ t: 20 }, { providerMetadata: meta(1) })],
      error: [{ type: 'tool-output-error', toolCallId, errorText: 'no', ...(dynamic && { dynamic }) }],
      approval: [asked],
      denied: [asked, { type: 'tool-output-denied', toolCallId }],
      'wrong input': [],
      nothing: [],
    }
    const available =
      end === 'wrong input'
        ? { type: 'tool-input-error', ...named, input: text, errorText: 'wrong' }
        : { type: 'tool-input-available', ...named, input, providerMetadata: meta(0), title: 'Weather' }
    return [
      ...(streams ? [{ type: 'tool-input-start', ...named }] : []),
      ...(streams
        ? [text.slice(0, 9), text.slice(9)].map((inputTextDelta) => ({
            type: 'tool-input-delta',
            toolCallId,
            inputTextDelta,
          }))
        : []),
      available,
      ...(end === 'output'
        ? Array.from({ length: reports }, (_, n) => output({ at: n % 2 }, { preliminary: true }))
        : []),
      ...results[end],
    ]
  })

const once = fc
  .tuple(
    fc.constantFrom<object>(
      { type: 'source-url', url: 'https://example.org', title: 'E' },
      { type: 'source-document', mediaType: 'text/plain', title: 'D' },
      { type: 'file', mediaType: 'image/png', url: 'data:image/png;base64,QUJD' },
      { type: 'data-note', data: { text: 'once' } },
      // Of AI SDK 7; the reader of 6 passes over them.
      { type: 'reasoning-file', mediaType: 'image/png', url: 'data:image/png;base64,QUJD' },
      { type: 'custom', kind: 'openai.compaction', providerMetadata: { openai: { id: 1 } } },
    ),
  )
  .map(
    ([chunk]) =>
      (sourceId: string): Chunks => [
        String((chunk as { type: string }).type).startsWith('source') ? { ...chunk, sourceId } : chunk,
      ],
  )

/** A data part that is replaced, by less and by more. */
const data = fc
  .array(fc.constantFrom<unknown>(0, 50, { rows: 3, loading: true }, { rows: 3 }, [], null), {
    minLength: 1,
    maxLength: 3,
  })
  .map(
    (values) =>
      (id: string): Chunks =>
        values.map((one) => ({ type: 'data-progress', id, data: one })),
  )

const metadata = fc
  .constantFrom<unknown>(
    { tokens: 1 },
    { tokens: 2 },
    { status: 'thinking' },
    { usage: { in: 1 } },
    { usage: { in: 1, out: 2 } },
  )
  .map((messageMetadata) => (): Chunks => [{ type: 'message-metadata', messageMetadata }])

/** An answer of a few steps; what runs at the same time is mixed. */
export const answers: fc.Arbitrary<Chunks> = fc
  .array(
    fc.array(fc.oneof(textual('text'), textual('reasoning'), call, once, data, metadata), {
      minLength: 1,
      maxLength: 4,
    }),
    {
      minLength: 1,
      maxLength: 2,
    },
  )
  .chain((steps) =>
    fc.infiniteStream(fc.nat(7)).map((chance) => {
      let id = 0
      const chunks: object[] = [{ type: 'start', messageId: 'a1', messageMetadata: { model: 'm' } }]
      for (const step of steps) {
        chunks.push({ type: 'start-step' })
        const queues = step.map((make) => [...make(`i${id++}`)])
        while (queues.some(({ length }) => length > 0)) {
          const open = queues.filter(({ length }) => length > 0)
          chunks.push(open[Number(chance.next().value) % open.length]!.shift()!)
        }
        chunks.push({ type: 'finish-step' })
      }
      return [...chunks, { type: 'finish', messageMetadata: { tokens: 9, total: true } }]
    }),
  )
