// @ts-check
import { child } from '../children/child.mjs'
import { p50 } from '../statistics.mjs'
import { within } from './row.mjs'

/** @type {import('./row.mjs').Row} */
export const change = {
  name: 'change',
  about: 'save(state) of a long session of which one message has changed',
  async run({ quick, folder, say }) {
    const measures = []
    const notes = []
    for (const messages of [1000, 3000]) {
      const count = messages.toLocaleString('en-US')
      say(`${count} messages`)
      const task = { folder: folder(`${messages}`), messages, saves: quick ? 20 : 200 }
      const { samples, cpu, stalls } = await child('change', task)
      const p50Measure = {
        what: `save(state) of ${count} messages, one changed, p50`,
        unit: 'ms',
        forkpoint: p50(samples),
      }
      measures.push(messages === 1000 ? within(p50Measure, 3) : p50Measure)
      measures.push(
        within({ what: `longest stall of the same`, unit: 'ms', forkpoint: Math.max(...stalls) }, 10),
      )
      notes.push(
        `${count} messages: the fastest save ${Math.min(...samples).toFixed(1)} ms, user CPU ${p50(cpu).toFixed(1)} ms per save, p50 of the stalls ${p50(stalls).toFixed(1)} ms.`,
      )
    }
    return { measures, notes }
  },
}
