import { Agent, FileSessionStore } from 'forkpoint'

const agent = await Agent.create('config.acl')
const manual = agent.session('.', {
  sessionStore: new FileSessionStore('./sessions'),
  sessionId: 'manual-save-demo',
  autoSave: false,
})

await manual.send('Do some work')
// Nothing is on disk yet.
const checkpoint = await manual.save()
console.log(`saved ${checkpoint.session}: ${checkpoint.subject}`)
