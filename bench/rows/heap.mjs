// @ts-check
import { child } from '../children/child.mjs'

const BYTES = 20_000

/** @type {import('./row.mjs').Row} */
export const heap = {
  name: 'heap',
  about: 'memory in use while a long session is saved turn by turn',
  async run({ quick, folder, say }) {
    const total = quick ? 10e6 : 100e6
    /** Bytes of memory gained for each byte saved in the second half, and the peak of the process. @param {string} how */
    const slope = async (how) => {
      say(how)
      const { steps, peak } = await child(
        'heap',
        { how, folder: folder(`heap-${how}`), total, bytes: BYTES },
        { node: ['--expose-gc'] },
      )
      const [[fromSaved, fromUsed], [toSaved, toUsed]] = [steps[4], steps.at(-1)]
      return { grew: (toUsed - fromUsed) / (toSaved - fromSaved), peak }
    }
    const [state, handle, store] = [await slope('state'), await slope('handle'), await slope('store')]
    const size = `${total / 1e6} MB`
    return {
      measures: [
        grown(`heap gained per byte saved, ${size}, handle.append`, handle.grew, state.grew, 1.1),
        grown(`heap gained per byte saved, ${size}, store.append`, store.grew, state.grew, 0.05),
        {
          what: `peak memory, ${size}, handle.append`,
          unit: 'bytes',
          forkpoint: handle.peak,
          peers: { 'the state alone': state.peak },
        },
        {
          what: `peak memory, ${size}, store.append`,
          unit: 'bytes',
          forkpoint: store.peak,
          peers: { 'the state alone': state.peak },
        },
      ],
      notes: [
        'A handle keeps the state in memory; `store.append` keeps nothing. Measured: heap and external memory after gc, one second after the last save, for the second half of the session, when the caches are full.',
      ],
    }
  },
}

/** @param {string} what @param {number} forkpoint @param {number} state @param {number} most */
function grown(what, forkpoint, state, most) {
  const value = forkpoint / state
  return {
    what,
    unit: 'B',
    forkpoint,
    peers: { 'the state alone': state },
    ratio: { to: 'the state alone', value },
    reach: `≤ ${most}× the state alone`,
    reached: value <= most,
  }
}
