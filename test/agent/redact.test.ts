import { expect, test } from 'vitest'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'
import { sample, seeded } from '../redaction/sample.ts'
import { setting } from './agent-context.ts'

const token = sample('ghp_{w36}', seeded(8))
const call = (command: string) => ({ calls: [{ id: 'c1', name: 'bash', input: { command } }] })

test('an agent with redact saves no secret, while its tools get the real values', async () => {
  const store = new MemorySessionStore()
  const { agent, workspace } = await setting([call(`echo value ${token}`), { text: `it was ${token}` }], {
    sessionStore: store,
    redact: 'secrets',
    autoSave: 'step',
    storeDeltas: true,
  })
  const session = agent.session(workspace, { sessionId: 's', title: `with ${token}` })
  const { text } = await session.send(`use ${token}`)
  expect(text).toContain(token)
  await session.close()
  const stored = await store.load('s')
  const log: unknown[] = []
  for await (const checkpoint of store.log('s', { steps: true })) log.push(checkpoint)
  const all = JSON.stringify([stored, log])
  expect(all).not.toContain(token)
  expect(all).toContain('[redacted:github:')
  expect(all).toContain('value [redacted:github:')
})

test('a tool input that was redacted is not run when the session is resumed', async () => {
  const store = new MemorySessionStore()
  const { agent, server, workspace } = await setting([call(`echo ${token} > out.txt`), { text: 'I see' }], {
    sessionStore: store,
    redact: 'secrets',
    permissionPolicy: { defaultDecision: 'ask' },
    onPermission: () => 'defer',
  })
  const session = agent.session(workspace, { sessionId: 's' })
  const { run, pending } = await session.send('go')
  await session.close()
  const resumed = agent.resumeSession('s', { onPermission: undefined })
  await resumed.resumeRun(run.id, { decisions: { [pending[0]!.call]: 'allow' } })
  const { messages } = (await store.load('s'))!
  expect(JSON.stringify(messages)).toContain('Nothing was run')
  expect(JSON.stringify(server.requests.at(-1))).not.toContain(token)
})
