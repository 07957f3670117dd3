/**
 * Subtracts known values from an object, and restores the object from the remainder and the known values. So an
 * importer stores the text of an entry only once, in the message that people read; next to it, it stores only what the
 * message does not contain.
 *
 *     remainderOf({ type: 'user', text: 'hi', id: 7 }, { text: 'hi', type: 'user' })
 *     // { shape: 'type text id', fields: { id: 7 } }
 *
 * The shape lists the keys in their order, so that the object is restored with the same order. `message{role content}`
 * describes a nested object, `content[{type text} {type id}]` a list of objects.
 */

import { deepEqual, isJsonObject, type JsonObject } from '../json-value.ts'

export interface Remainder {
  shape: string
  /** The values that are not known. Inside a list, the index is the key. */
  fields?: JsonObject
}

/**
 * Returns what `actual` contains beyond `known`; `undefined` if a shape cannot express a key: then keep the whole
 * object.
 */
export function remainderOf(actual: JsonObject, known: JsonObject): Remainder | undefined {
  const found = describe(actual, known)
  if (found === undefined) return undefined
  return found.fields === undefined ? { shape: found.shape } : { shape: found.shape, fields: found.fields }
}

/**
 * Restores the object that `remainderOf` was given. Throws TypeError if the shape and the known object do not match.
 */
export function restore({ shape, fields = {} }: Remainder, known: JsonObject): Record<string, unknown> {
  return restoreObject(nodesOf(shape), fields, known)
}

/** Whether two JSON values are equal, including the order of keys. `-0` is not `0`. */
export const identical = (a: unknown, b: unknown): boolean => deepEqual(a, b, true)

interface Described {
  shape: string
  fields: JsonObject | undefined
  /** Number of values that were known. */
  shared: number
}

function describe(actual: JsonObject, known: JsonObject): Described | undefined {
  const shape: string[] = []
  const fields: Record<string, unknown> = {}
  let shared = 0
  for (const key of Object.keys(actual)) {
    if (!isPlainKey(key)) return undefined
    const value = actual[key]
    const other = Object.hasOwn(known, key) ? known[key] : undefined
    if (other !== undefined && identical(value, other)) {
      shape.push(key)
      shared++
      continue
    }
    const inner = describeInside(value, other)
    if (inner !== undefined && inner.shared > 0) {
      shape.push(key + inner.shape)
      if (inner.fields !== undefined) fields[key] = inner.fields
      shared += inner.shared
    } else {
      shape.push(key)
      fields[key] = value
    }
  }
  return {
    shape: shape.join(' '),
    fields: Object.keys(fields).length === 0 ? undefined : fields,
    shared,
  }
}

function describeInside(value: unknown, known: unknown): Described | undefined {
  if (isJsonObject(value) && isJsonObject(known)) {
    const inner = describe(value, known)
    return inner && { ...inner, shape: `{${inner.shape}}` }
  }
  if (!Array.isArray(value) || !Array.isArray(known) || value.length !== known.length) return undefined
  const items: string[] = []
  const fields: Record<string, unknown> = {}
  let shared = 0
  for (const [index, item] of value.entries()) {
    const inner = describeInside(item, known[index])
    if (inner === undefined || !inner.shape.startsWith('{')) return undefined
    items.push(inner.shape)
    if (inner.fields !== undefined) fields[index] = inner.fields
    shared += inner.shared
  }
  return {
    shape: `[${items.join(' ')}]`,
    fields: Object.keys(fields).length === 0 ? undefined : fields,
    shared,
  }
}

const isPlainKey = (key: string): boolean => /^[\w$.:/@-]+$/.test(key) && key !== '__proto__'

/** A key of a shape, with the shape of its value if the value was split as well. */
interface Node {
  key: string
  object?: readonly Node[]
  list?: readonly (readonly Node[])[]
}

const parsed = new Map<string, readonly Node[]>()

function nodesOf(shape: string): readonly Node[] {
  const before = parsed.get(shape)
  if (before !== undefined) return before
  const nodes = parseShape(shape)
  if (parsed.size >= 1000) parsed.clear()
  parsed.set(shape, nodes)
  return nodes
}

function parseShape(shape: string): readonly Node[] {
  const tokens = shape.match(/[^\s{}[\]]+|[{}[\]]/g) ?? []
  let at = 0
  const object = (): readonly Node[] => {
    const nodes: Node[] = []
    while (at < tokens.length && tokens[at] !== '}') {
      const key = tokens[at++] as string
      const opener = tokens[at]
      if (opener === '{') {
        at++
        nodes.push({ key, object: object() })
        expect('}')
      } else if (opener === '[') {
        at++
        const list: (readonly Node[])[] = []
        while (tokens[at] === '{') {
          at++
          list.push(object())
          expect('}')
        }
        expect(']')
        nodes.push({ key, list })
      } else nodes.push({ key })
    }
    return nodes
  }
  const expect = (token: string) => {
    if (tokens[at++] !== token) throw new TypeError(`'${shape}' is not the shape of an object.`)
  }
  const nodes = object()
  if (at < tokens.length) throw new TypeError(`'${shape}' is not the shape of an object.`)
  return nodes
}

function restoreObject(nodes: readonly Node[], fields: unknown, known: unknown): Record<string, unknown> {
  const kept = isJsonObject(fields) ? fields : {}
  const base = isJsonObject(known) ? known : {}
  const entries = nodes.map(({ key, object, list }): [string, unknown] => {
    if (object !== undefined) return [key, restoreObject(object, kept[key], base[key])]
    if (list !== undefined) {
      const inner = isJsonObject(kept[key]) ? (kept[key] as JsonObject) : {}
      const items = Array.isArray(base[key]) ? (base[key] as unknown[]) : []
      return [key, list.map((item, index) => restoreObject(item, inner[index], items[index]))]
    }
    if (Object.hasOwn(kept, key)) return [key, kept[key]]
    if (Object.hasOwn(base, key)) return [key, base[key]]
    throw new TypeError(`'${key}' is not known.`)
  })
  return Object.fromEntries(entries)
}
