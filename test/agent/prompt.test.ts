import { expect, test } from 'vitest'
import { STORES, setting } from './agent-context.ts'

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

test.each(Object.entries(STORES))(
  'a prompt of text, a picture and a file reaches the model and the %s store',
  async (_, makeStore) => {
    const { agent, server, store, workspace } = await setting(
      [{ text: 'A dot.' }, { text: 'Still a dot.' }],
      {
        sessionStore: await makeStore(),
      },
    )
    const session = agent.session(workspace, { sessionId: 's' })
    const notes = Buffer.from('some notes').toString('base64')
    const { run } = await session.send([
      { type: 'text', text: 'What is this?' },
      { type: 'image', image: PNG },
      { type: 'file', data: notes, mediaType: 'text/plain', filename: 'notes.txt' },
    ])
    expect(run.prompt).toBe('What is this?')
    const sent = JSON.stringify(server.requests[0]!.body)
    expect(sent).toContain(`data:image/png;base64,${PNG.toString('base64')}`)
    expect(sent).toContain('some notes')
    const [message] = (await store.load('s'))!.messages
    expect(message).toMatchObject({
      content: 'What is this?',
      parts: [
        { type: 'text' },
        { type: 'image', image: PNG.toString('base64') },
        { type: 'file', filename: 'notes.txt' },
      ],
    })
    await agent.resumeSession('s').send('And now?')
    expect(JSON.stringify(server.requests[1]!.body)).toContain(PNG.toString('base64'))
    expect(server.problems).toEqual([])
  },
)

test('a prompt without a text is called by what it has', async () => {
  const { agent, workspace } = await setting([{ text: 'A dot.' }])
  const session = agent.session(workspace)
  const { run } = await session.send([{ type: 'image', image: PNG, filename: 'dot.png' }])
  expect(run.prompt).toBe('[dot.png]')
})

test('a prompt that is neither text nor parts is refused at once', async () => {
  const { agent, workspace } = await setting([])
  const session = agent.session(workspace)
  for (const prompt of [
    '',
    [],
    [{ type: 'video' }],
    [{ type: 'file', data: 'x' }],
    [{ type: 'text', text: '' }],
    3,
  ])
    expect(() => session.send(prompt as never)).toThrow(TypeError)
})
