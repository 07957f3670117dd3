import { Agent, FileSessionStore } from 'forkpoint'

const agent = await Agent.create('config.acl')
const session = await agent.resumeSessionAsync('my-project-review', {
  sessionStore: new FileSessionStore('./sessions'),
})

for (const msg of session.history()) console.log(`[${msg.role}] ${msg.content?.slice(0, 80)}`)
