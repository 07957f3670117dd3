// @ts-check
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { appender } from '../contenders/forkpoint.mjs'
import { GitSessionStore } from '../forkpoint.mjs'
import { p50, sample, time } from '../statistics.mjs'
import { turns } from '../workload.mjs'
import { within } from './row.mjs'

/**
 * Two sessions side by side, one store signs and the other does not: turn and turn about, so that both meet the same disk.
 *
 * @type {import('./row.mjs').Row}
 */
export const sign = {
  name: 'sign',
  about: 'what a signature adds to a save, and to a verification',
  async run({ quick, folder, say }) {
    const count = quick ? 400 : 2000
    const key = join(folder('sign-key'), 'key')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
    const plain = new GitSessionStore(folder('sign-plain'))
    const signing = new GitSessionStore(folder('sign-signed'), { sign: { key, mode: 'required' } })
    const [to, signed] = [await appender(plain, 'demo'), await appender(signing, 'demo')]
    const [some, same] = [turns({ bytes: 1500 }), turns({ bytes: 1500 })]
    /** @type {Sample[]} */
    const without = []
    /** @type {Sample[]} */
    const with_ = []
    say(`saving ${count} turns twice`)
    for (let i = 0; i < count; i++) {
      const both = [
        async () => without.push(await sample(() => to.append(some.next().value))),
        async () => with_.push(await sample(() => signed.append(same.next().value))),
      ]
      for (const one of i % 2 === 0 ? both : both.reverse()) await one()
    }
    /** Median of what turns that were saved one after the other differ in. @param {keyof Sample} what */
    const added = (what) => p50(with_.map((one, i) => one[what] - (without[i]?.[what] ?? 0)))
    say('verifying')
    /** @type {number[]} */
    const verified = []
    for (let i = 0; i < 3; i++) {
      const read = await time(() => signing.verify('demo'))
      const checked = await time(() => signing.verify('demo', { signatures: {} }))
      verified.push((checked - read) / count)
    }
    await plain.close()
    await signing.close()
    return {
      measures: [
        {
          what: 'save, signed, p50',
          unit: 'ms',
          forkpoint: p50(with_.map(({ wall }) => wall)),
          peers: { unsigned: p50(without.map(({ wall }) => wall)) },
        },
        within({ what: 'a signature adds to a save', unit: 'ms', forkpoint: added('wall') }, 0.15),
        { what: 'a signature adds to a save, CPU time', unit: 'ms', forkpoint: added('cpu') },
        {
          what: 'a signature adds to a verification, per checkpoint',
          unit: 'ms',
          forkpoint: p50(verified),
        },
      ],
      notes: [
        `${count} turns each; an ed25519 key, in-process. What it adds is the median of the differences of turns that were saved one after the other.`,
      ],
    }
  },
}

/** @typedef {import('../statistics.mjs').Sample} Sample */
