/** Changes that the page may make if `--write` was given: fork, tag, switch the active branch. */

import type { AnyStore } from './answers/source.ts'
import { RequestError } from './request.ts'

type Change = (store: AnyStore, asked: Readonly<Record<string, unknown>>) => Promise<unknown>

export const CHANGES: Readonly<Record<string, Change>> = {
  '/api/fork': (store, asked) =>
    store.fork(text(asked, 'session'), { at: text(asked, 'at'), branch: text(asked, 'name') }),
  '/api/tag': (store, asked) =>
    store.tag(text(asked, 'session'), text(asked, 'name'), { at: text(asked, 'at') }),
  '/api/switch': async (store, asked) => {
    await store.switch(text(asked, 'session'), text(asked, 'name'))
    return {}
  },
}

function text(asked: Readonly<Record<string, unknown>>, name: string): string {
  const value = asked[name]
  if (typeof value !== 'string' || value === '') throw new RequestError(`The request has no '${name}'.`)
  return value
}
