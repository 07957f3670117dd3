import { Agent, FileSessionStore } from 'forkpoint'

const agent = await Agent.create('config.acl')
const session = agent.session('.', {
  sessionStore: new FileSessionStore('./sessions'),
  sessionId: 'my-project-review',
  autoSave: true,
  permissionPolicy: { defaultDecision: 'allow' },
})

// Saved after the turn.
const { text } = await session.send('Read and analyze the codebase')
console.log(text)
