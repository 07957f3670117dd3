import { Agent, FileSessionStore } from 'forkpoint'

const agent = await Agent.create('config.acl')
const resumed = agent.resumeSession('my-project-review', {
  sessionStore: new FileSessionStore('./sessions'),
})

// Continues with the full history.
const result = await resumed.send('What did you find in the analysis?')
console.log(result.text)
