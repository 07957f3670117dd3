/** Stores over the wire: all of `SessionStore`, handles included, iterators in pages. */

import { resolve } from 'node:path'
import * as z from 'zod'
import type { SignOptions } from '../../checkpoints/signing.ts'
import { UnsupportedError } from '../../errors.ts'
import type { Redact } from '../../redaction/redact.ts'
import { redactSecrets } from '../../redaction/secrets.ts'
import { FileSessionStore } from '../../store/file/file-session-store.ts'
import { GitSessionStore } from '../../store/git/git-session-store.ts'
import { MemorySessionStore } from '../../store/memory/memory-session-store.ts'
import type { Addition, StateDiff, StoredDocument, WriteOptions } from '../../store/session-store.ts'
import { author, count, document, type Method, method, name, pageSize, type Scope, thing } from './method.ts'
import { type AnyStore, Position, type Things } from './things.ts'

const writeShape = {
  branch: name.optional(),
  subject: name.optional(),
  body: name.optional(),
  author: author.optional(),
  at: z.union([z.string(), z.number()]).optional(),
  key: name.optional(),
  tag: name.optional(),
  allowEmpty: z.boolean().optional(),
  kind: z.enum(['save', 'step', 'import']).optional(),
  trailers: z.record(z.string(), z.string()).optional(),
}
const handleWrite = z.strictObject(writeShape).default({})
const storeWrite = z.strictObject({ ...writeShape, expected: z.string().nullable().optional() }).default({})
const place = z.strictObject({ session: name, at: name.optional() })
const state = document as unknown as z.ZodType<StoredDocument>
const addition = document as unknown as z.ZodType<Addition>
const signing = z.strictObject({
  key: z.string().min(1),
  mode: z.enum(['off', 'best-effort', 'required']).optional(),
})
const inStore = { store: thing, session: name }

export const storeMethods: Readonly<Record<string, Method>> = {
  'store.create': method(
    {
      kind: z.enum(['git', 'file', 'memory']),
      folder: z.string().min(1).optional(),
      type: name.optional(),
      collections: z.array(z.string()).optional(),
      author: author.optional(),
      redact: z.literal('secrets').optional(),
      sign: signing.optional(),
    },
    ({ kind, folder, redact, sign: own, ...options }, { things, sign }) => {
      if (own !== undefined && kind !== 'git') throw new TypeError(`A ${kind} store cannot sign`)
      const redacting = redact === undefined ? options : { ...options, redact: redactSecrets() }
      const store = openStore(kind, folder, redacting, own ?? sign)
      return { store: things.add('store', store), type: store.type, supports: store.supports }
    },
  ),
  'store.save': method(
    { store: thing, state, position: thing.optional(), hold: z.boolean().optional(), options: storeWrite },
    async ({ store, state: given, position, hold, options }, { things }) => {
      const open = things.get('store', store)
      const save = (content: StoredDocument) => open.save(content, options as WriteOptions)
      if (position !== undefined) {
        return { checkpoint: await things.get('position', position).use(given, save), position }
      }
      const checkpoint = await save(given)
      return hold === true ? { checkpoint, position: held(given, store, things) } : { checkpoint }
    },
  ),
  'store.append': method({ ...inStore, addition, options: storeWrite }, (given, { things }) =>
    things.get('store', given.store).append(given.session, given.addition, given.options as WriteOptions),
  ),
  'store.load': method(
    {
      ...inStore,
      hold: z.boolean().optional(),
      options: z
        .strictObject({
          at: name.optional(),
          branch: name.optional(),
          last: count.optional(),
          events: z.boolean().optional(),
        })
        .default({}),
    },
    async ({ store, session, hold, options }, { things }) => {
      const found = await things.get('store', store).load(session, options)
      if (found === undefined) return { state: null }
      if (hold !== true || options.last !== undefined || options.events === false) return { state: found }
      const copy = { ...found }
      return { state: copy, position: held(found, store, things) }
    },
  ),
  'store.open': method(
    {
      ...inStore,
      options: z.strictObject({ at: name.optional(), branch: name.optional() }).default({}),
    },
    async ({ store, session, options }, { things }) => {
      const handle = await things.get('store', store).open(session, options)
      const { id, branch, checkpoint } = handle
      return { handle: things.add('handle', handle, store), id, branch, checkpoint }
    },
  ),
  'store.resolve': method({ ...inStore, revision: name }, ({ store, session, revision }, { things }) =>
    things.get('store', store).resolve(session, revision),
  ),
  'store.checkpoint': method(
    { ...inStore, revision: name.optional() },
    ({ store, session, revision }, { things }) => things.get('store', store).checkpoint(session, revision),
  ),
  'store.log': method(
    {
      ...inStore,
      page: pageSize,
      options: z
        .strictObject({
          at: name.optional(),
          limit: count.optional(),
          steps: z.boolean().optional(),
          signatures: z.strictObject({ allowedSigners: name.optional() }).optional(),
        })
        .default({}),
    },
    ({ store, session, page, options }, scope) => {
      const open = scope.things.get('store', store)
      if (options.signatures !== undefined && !(open instanceof GitSessionStore))
        throw new UnsupportedError('checking signatures', 'Only a git store has them.')
      return firstPage(scope, store, open.log(session, options), page)
    },
  ),
  'store.list': method(
    {
      store: thing,
      page: pageSize,
      options: z
        .strictObject({
          order: z.enum(['updated', 'id']).optional(),
          prefix: name.optional(),
          type: name.optional(),
          after: name.optional(),
          limit: count.optional(),
        })
        .default({}),
    },
    ({ store, page, options }, scope) =>
      firstPage(scope, store, scope.things.get('store', store).list(options), page),
  ),
  'store.branches': method(inStore, ({ store, session }, { things }) =>
    things.get('store', store).branches(session),
  ),
  'store.tags': method(inStore, ({ store, session }, { things }) => things.get('store', store).tags(session)),
  'store.switch': method({ ...inStore, branch: name }, ({ store, session, branch }, { things }) =>
    things.get('store', store).switch(session, branch),
  ),
  'store.fork': method(
    {
      ...inStore,
      options: z.strictObject({
        at: name.optional(),
        branch: name.optional(),
        session: name.optional(),
        subject: name.optional(),
        author: author.optional(),
      }),
    },
    ({ store, session, options }, { things }) => things.get('store', store).fork(session, options),
  ),
  'store.tag': method(
    { ...inStore, name, options: z.strictObject({ at: name.optional() }).default({}) },
    ({ store, session, name: tag, options }, { things }) =>
      things.get('store', store).tag(session, tag, options),
  ),
  'store.diff': method(
    { store: thing, from: place, to: place, patch: z.boolean().default(false) },
    async ({ store, from, to, patch }, { things }) =>
      diffOf(await things.get('store', store).diff(from, to), patch),
  ),
  'store.runEvents': method(
    {
      ...inStore,
      run: name,
      options: z.strictObject({ after: z.number().int().optional(), at: name.optional() }).default({}),
    },
    ({ store, session, run, options }, { things }) =>
      things.get('store', store).runEvents(session, run, options),
  ),
  'store.exists': method(inStore, ({ store, session }, { things }) =>
    things.get('store', store).exists(session),
  ),
  'store.delete': method(
    { ...inStore, options: z.strictObject({ branch: name.optional(), tag: name.optional() }).default({}) },
    ({ store, session, options }, { things }) => things.get('store', store).delete(session, options),
  ),
  'store.verify': method(
    { store: thing, session: name.optional(), progress: z.boolean().default(false) },
    ({ store, session, progress }, scope) =>
      scope.things.get('store', store).verify(session, { ...progressOf(progress, scope) }),
  ),
  'store.scan': method(
    {
      store: thing,
      session: name.optional(),
      page: pageSize,
      options: z
        .strictObject({
          rules: z.string().optional(),
          only: z.array(z.string()).optional(),
          off: z.array(z.string()).optional(),
          allow: z.array(z.string()).optional(),
        })
        .default({}),
    },
    ({ store, session, page, options }, scope) => {
      const open = scope.things.get('store', store)
      if (!(open instanceof GitSessionStore))
        throw new UnsupportedError('looking for stored secrets', 'Only a git store can be scanned.')
      return firstPage(scope, store, open.scan(session, options), page)
    },
  ),
  'store.maintain': method(
    { store: thing, purge: z.boolean().optional(), progress: z.boolean().default(false) },
    ({ store, purge, progress }, scope) =>
      scope.things.get('store', store).maintain({ purge, ...progressOf(progress, scope) }),
  ),
  'store.stats': method({ store: thing }, ({ store }, { things }) => things.get('store', store).stats()),
  'store.close': method({ store: thing }, async ({ store }, { things }) => {
    const open = things.get('store', store)
    things.drop(store)
    await open.close()
  }),
  'handle.state': method({ handle: thing }, ({ handle }, { things }) => things.get('handle', handle).state),
  'handle.save': method({ handle: thing, state, options: handleWrite }, async (given, { things }) => {
    const handle = things.get('handle', given.handle)
    const checkpoint = await handle.save(given.state, given.options as WriteOptions)
    return { checkpoint, branch: handle.branch }
  }),
  'handle.append': method({ handle: thing, addition, options: handleWrite }, async (given, { things }) => {
    const handle = things.get('handle', given.handle)
    const checkpoint = await handle.append(given.addition, given.options as WriteOptions)
    return { checkpoint, branch: handle.branch }
  }),
  'handle.close': method({ handle: thing }, ({ handle }, { things }) => things.drop(handle)),
  'position.close': method({ position: thing }, ({ position }, { things }) => things.drop(position)),
  'cursor.next': method({ cursor: thing, page: pageSize }, ({ cursor, page }, scope) =>
    nextPage(scope, cursor, scope.things.get('cursor', cursor), page),
  ),
  'cursor.close': method({ cursor: thing }, async ({ cursor }, { things }) => {
    const iterator = things.get('cursor', cursor)
    things.drop(cursor)
    await iterator.return?.()
  }),
}

/** Returns a diff as data, with git's patch if `patch` is set. */
export async function diffOf({ patch: patchOf, ...diff }: StateDiff, patch: boolean): Promise<object> {
  return patch ? { ...diff, patch: await patchOf() } : diff
}

function openStore(
  kind: 'git' | 'file' | 'memory',
  folder: string | undefined,
  options: { type?: string; collections?: string[]; redact?: Redact },
  sign: SignOptions | undefined,
): AnyStore {
  if (kind === 'memory') {
    if (folder !== undefined) throw new TypeError('A memory store has no folder')
    return new MemorySessionStore<StoredDocument>(options)
  }
  if (folder === undefined) throw new TypeError(`A ${kind} store needs a folder`)
  const place = resolve(folder)
  return kind === 'git'
    ? new GitSessionStore<StoredDocument>(place, { ...options, ...(sign && { sign }) })
    : new FileSessionStore<StoredDocument>(place, options)
}

function progressOf(wanted: boolean, { client, request }: Scope) {
  if (!wanted || request === undefined) return {}
  return {
    onProgress: (progress: { phase: string; done: number; total?: number }) =>
      void client.notify('progress', { request, progress }),
  }
}

async function firstPage(
  scope: Scope,
  store: string,
  items: AsyncIterable<unknown>,
  size: number,
): Promise<object> {
  const iterator = items[Symbol.asyncIterator]()
  return nextPage(scope, scope.things.add('cursor', iterator, store), iterator, size)
}

/** Returns the next page; without `cursor` if it is the last. */
async function nextPage(
  { things }: Scope,
  cursor: string,
  iterator: AsyncIterator<unknown>,
  size: number,
): Promise<object> {
  const items: unknown[] = []
  try {
    while (items.length < size) {
      const { done, value } = await iterator.next()
      if (done === true) {
        things.drop(cursor)
        return { items }
      }
      items.push(value)
    }
    return { items, cursor }
  } catch (error) {
    things.drop(cursor)
    throw error
  }
}

const held = (state: StoredDocument, store: string, things: Things): string =>
  things.add('position', new Position(state), store)
