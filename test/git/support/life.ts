/** Lives of a machine: who runs in this one, who died, and what the machine was before it was restarted. */
import { randomBytes } from 'node:crypto'
import type { Identity, Owner } from '../../../src/git/disk/identity.ts'

export class Life {
  readonly boot: number
  readonly run: number
  private readonly host: string
  private readonly others: readonly number[]

  /** `others`: further runs that are not over. */
  constructor(boot = 1, run = 1, host = 'here', others: readonly number[] = []) {
    this.boot = boot
    this.run = run
    this.host = host
    this.others = others
  }

  /** Everything that ran is dead, the kernel lives on. */
  afterKill(): Life {
    return new Life(this.boot, this.run + 1, this.host)
  }

  afterPowerLoss(): Life {
    return new Life(this.boot + 1, this.run + 1, this.host)
  }

  get identity(): Identity {
    const { boot, run, host, others } = this
    return {
      newOwner: (): Owner => ({
        id: randomBytes(8).toString('hex'),
        system: 'simulated',
        host,
        boot: `boot ${boot}`,
        namespace: 'pid:[1]',
        pid: run,
        start: '1',
      }),
      liveness: (owner, signal) => {
        if (signal === 'answers') return 'alive'
        if (owner.host !== host) return signal === 'unsure' ? 'unknown' : 'ended'
        if (owner.boot !== `boot ${boot}`) return 'rebooted'
        return owner.pid === run || others.includes(owner.pid) ? 'alive' : 'dead'
      },
    }
  }
}
