/** The trials, in order: a trial may use what earlier ones left at the server. */
import type { RemoteError } from '../../errors.ts'
import type { MoveAnswer } from '../../git/wire/remote.ts'
import { type ObjectId, parseRef } from '../../ids.ts'
import type { Scratch } from './scratch.ts'

export interface Trial {
  name: string
  promise: string
  needed?: boolean
  /** The consequences if the promise does not hold. */
  otherwise?: string
  /** Trials whose promises must hold, or this one is not tried. */
  after?: readonly string[]
  /**
   * Tries it; returns a note for the report. `timed` measures how long `work` takes. Throws NotKeptError,
   * NotTriedError, RemoteError, CorruptError.
   */
  run(tried: Tried, timed: <T>(work: () => Promise<T>) => Promise<T>): Promise<string | undefined>
}

export interface Tried {
  scratch: Scratch
  /** Number of refs at the server before the check. */
  refs: number
  /** Size of the large push in bytes. */
  size: number
  /** Commits on the check's branch `main`, oldest first. */
  line: ObjectId[]
  /** Names of trials whose promise holds. */
  kept: Set<string>
}

/** The promise does not hold; the message says what happened instead. */
export class NotKeptError extends Error {}

/** The promise cannot be tried here; the message says why. */
export class NotTriedError extends Error {}

export const TRIALS: readonly Trial[] = [
  {
    name: 'list',
    promise: 'lists the refs of one session alone',
    needed: true,
    async run({ scratch, refs }, timed) {
      const found = await timed(() => scratch.remote.refs([scratch.branch('')], scratch.options))
      expect(found.refs.size === 0, 'It lists refs that nobody has made.')
      const many =
        refs > 5000 ? '; plain git is slow with so many, so archive sessions or use more servers' : ''
      return `${refs.toLocaleString('en-US')} refs${many}`
    },
  },
  {
    name: 'create',
    promise: 'takes a new branch',
    needed: true,
    after: ['list'],
    async run({ scratch, line }, timed) {
      const id = await scratch.commit()
      const ref = scratch.branch('main')
      expectDone(await timed(() => scratch.push([{ ref, from: undefined, to: id }])))
      expect((await scratch.at(ref)) === id, 'It said that it did, but the branch is not there.')
      line.push(id)
      return undefined
    },
  },
  {
    name: 'append',
    promise: 'moves a branch forward from the value it has',
    needed: true,
    after: ['create'],
    async run({ scratch, line }, timed) {
      const ref = scratch.branch('main')
      for (let n = 0; n < APPENDS; n++) {
        const from = line.at(-1)!
        const to = await scratch.commit(from)
        expectDone(await timed(() => scratch.push([{ ref, from, to }], [from])))
        line.push(to)
      }
      expect((await scratch.at(ref)) === line.at(-1), 'It said that it did, but the branch is elsewhere.')
      return undefined
    },
  },
  {
    name: 'stale',
    promise: 'refuses a move from another value than the branch has',
    needed: true,
    otherwise: 'Two machines would overwrite each other.',
    after: ['append'],
    async run({ scratch, line }) {
      const ref = scratch.branch('main')
      const [old, now] = [line.at(-2)!, line.at(-1)!]
      const to = await scratch.commit(now)
      expectRefused(await scratch.push([{ ref, from: old, to }], [now]))
      expectRefused(await scratch.push([{ ref, from: undefined, to }], [now]))
      expect((await scratch.at(ref)) === now, 'It refused, but moved the branch.')
      return undefined
    },
  },
  {
    name: 'lost answer',
    promise: 'takes no harm from a push that comes twice, and says where the branch is',
    needed: true,
    otherwise: 'After a lost connection nobody knows what was saved.',
    after: ['append'],
    async run({ scratch, line }) {
      const ref = scratch.branch('main')
      const from = line.at(-1)!
      const to = await scratch.commit(from)
      const again = { ref, from, to }
      expectDone(await scratch.push([again], [from]))
      line.push(to)
      await scratch.push([again], [from])
      expect((await scratch.at(ref)) === to, 'The branch is elsewhere afterwards.')
      return undefined
    },
  },
  {
    name: 'atomic',
    promise: 'moves several refs, or none of them',
    needed: true,
    otherwise: 'A session would arrive in parts.',
    after: ['stale'],
    async run({ scratch, line }) {
      const [main, other] = [scratch.branch('main'), scratch.branch('other')]
      const [old, now] = [line.at(-2)!, line.at(-1)!]
      const stale = { ref: main, from: old, to: await scratch.commit(now) }
      expectRefused(await scratch.push([{ ref: other, from: undefined, to: now }, stale], [now]))
      expect((await scratch.at(other)) === undefined, 'One of the two refs was made.')
      expectDone(
        await scratch.push([
          { ref: other, from: undefined, to: now },
          { ref: scratch.tag('one'), from: undefined, to: now },
        ]),
      )
      return undefined
    },
  },
  {
    name: 'hidden refs',
    promise: 'takes and lists refs below refs/forkpoint/, where tombstones are',
    needed: true,
    otherwise: 'What is deleted on one machine would come back from another.',
    after: ['create'],
    async run({ scratch, line }) {
      const to = line.at(-1)!
      expectDone(await scratch.push([{ ref: scratch.hidden, from: undefined, to }], [to]))
      expect((await scratch.at(scratch.hidden)) === to, 'It took the ref, but does not list it.')
      return undefined
    },
  },
  {
    name: 'fetch',
    promise: 'sends what one ref leads to',
    needed: true,
    after: ['append'],
    async run({ scratch, line }, timed) {
      const tip = line.at(-1)!
      const there = await timed(() => scratch.fetched(tip, line))
      expect(there.every(Boolean), 'Not all of its history came.')
      return undefined
    },
  },
  {
    name: 'depth',
    promise: 'sends the newest checkpoint alone',
    otherwise: '--depth does not work, and a store without a disk loads the whole history.',
    after: ['fetch'],
    async run({ scratch, line }, timed) {
      const [tip, before] = [line.at(-1)!, line.at(-2)!]
      const there = await timed(() => scratch.fetched(tip, [tip, before], 1))
      expect(there[0]! && !there[1], 'It sent more than was asked for.')
      return undefined
    },
  },
  {
    name: 'old checkpoints',
    promise: 'sends a checkpoint by its id, which no ref names',
    otherwise: 'A store without a disk cannot read old checkpoints. Let it speak version 2 of the protocol.',
    after: ['fetch'],
    async run({ scratch, line }) {
      const [old, tip] = [line.at(1)!, line.at(-1)!]
      const there = await scratch.fetched(old, [old, tip])
      expect(there[0]!, 'It did not come.')
      return undefined
    },
  },
  {
    name: 'rewrite',
    promise: 'replaces a branch by another history, from the value it has',
    otherwise: 'A rewritten session is deleted and made again, which is as good.',
    after: ['atomic'],
    async run({ scratch, line }) {
      const ref = scratch.branch('other')
      const from = (await scratch.at(ref))!
      const to = await scratch.commit(line[0])
      expectDone(await scratch.push([{ ref, from, to }], [from]))
      return undefined
    },
  },
  {
    name: 'delete',
    promise: 'deletes a branch',
    otherwise: 'Deletions leave tombstones, and readers hide what they name.',
    after: ['atomic'],
    async run({ scratch, line }) {
      const [ref, tag] = [scratch.branch('other'), scratch.tag('one')]
      const values = { branch: await scratch.at(ref), tag: await scratch.at(tag) }
      const [old, now] = [line.at(-2)!, line.at(-1)!]
      const stale = { ref: scratch.branch('main'), from: old, to: await scratch.commit(now) }
      expectRefused(await scratch.push([{ ref: tag, from: values.tag, to: undefined }, stale]))
      expect((await scratch.at(tag)) === values.tag, 'It deletes although another move was refused.')
      expectDone(await scratch.push([{ ref, from: values.branch, to: undefined }]))
      expect((await scratch.at(ref)) === undefined, 'It said that it did, but the branch is there.')
      return undefined
    },
  },
  {
    name: 'default branch',
    promise: 'has a default branch that is no session’s',
    otherwise:
      'Servers let nobody delete their default branch. Choose another one in the settings of the server.',
    after: ['create'],
    async run({ scratch, line }) {
      const { head } = await scratch.remote.refs([scratch.branch('')], scratch.options)
      if (head === undefined) throw new NotTriedError('It does not say what its default branch is.')
      expect(parseRef(head)?.kind !== 'branch', `It is ${head}.`)
      // Tries to delete the default branch only if it does not exist, so that an existing branch is not at risk.
      if ((await scratch.at(head)) !== undefined || scratch.isMapped) return head
      const [answer] = await scratch
        .push([{ ref: head, from: line.at(-1)!, to: undefined }])
        .catch((error: RemoteError) => [{ ref: head, refused: error.message }])
      return `${head}${answer?.refused === undefined ? '' : `; deleting it: ${answer.refused}`}`
    },
  },
  {
    name: 'many refs',
    promise: 'moves 200 refs in one request',
    otherwise: 'Sessions are pushed in smaller groups.',
    after: ['delete'],
    async run({ scratch, line }, timed) {
      const to = line.at(-1)!
      const refs = Array.from({ length: MANY }, (_, n) => scratch.tag(`many-${n}`))
      expectDone(await timed(() => scratch.push(refs.map((ref) => ({ ref, from: undefined, to })))))
      expectDone(await scratch.push(refs.map((ref) => ({ ref, from: to, to: undefined }))))
      return undefined
    },
  },
  {
    name: 'large push',
    promise: 'takes a large request',
    otherwise:
      'Sessions with large files or much text cannot be pushed; the web server before git may limit requests.',
    after: ['append'],
    async run({ scratch, line, size }, timed) {
      const ref = scratch.branch('large')
      const to = await scratch.commit(line.at(-1), size)
      expectDone(await timed(() => scratch.push([{ ref, from: undefined, to }], [line.at(-1)!])))
      return `${(size / (1 << 20)).toLocaleString('en-US', { maximumFractionDigits: 1 })} MiB`
    },
  },
]

const APPENDS = 5
const MANY = 200

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new NotKeptError(otherwise)
}

function expectDone(answers: readonly MoveAnswer[]): void {
  const refused = answers.find((answer) => answer.refused !== undefined)
  expect(refused === undefined, `It refused: ${refused?.refused}.`)
}

function expectRefused(answers: readonly MoveAnswer[]): void {
  expect(
    answers.every(({ refused }) => refused !== undefined),
    'It did what it should have refused.',
  )
}
