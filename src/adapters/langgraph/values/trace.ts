/**
 * What an object contains, all the way down, in one flat list that is fast to compare: no copy is walked beside the
 * object, and objects inside it are compared by identity before their own contents are.
 */

/** Objects with their contents, one after another; several traces together are a trace as well. */
export type Trace = readonly unknown[]

/**
 * Returns the contents of a value; `undefined` if a later change could go undetected, or if it is large. A value can be
 * traced if it consists of plain objects, arrays, primitives and LangChain's serializable objects.
 */
export function traceOf(value: unknown): Trace | undefined {
  const trace: unknown[] = []
  // A set also yields what is added to it meanwhile. An object in several places is compared once.
  const objects = new Set([value])
  for (const object of objects) {
    if (trace.length > MAX_TRACE || !isOpen(object)) return undefined
    const values = Array.isArray(object) ? addList(object, trace) : addObject(object, trace)
    for (const inside of values) if (typeof inside === 'object' && inside !== null) objects.add(inside)
  }
  return trace
}

/** Whether all objects of a trace still contain the same. */
export function isUnchanged(trace: Trace): boolean {
  let at = 0
  while (at < trace.length) {
    const object = trace[at]
    const shape = trace[at + 1]
    at += 2
    if (typeof shape === 'number') {
      const list = object as readonly unknown[]
      if (list.length !== shape) return false
      for (let n = 0; n < shape; n++) if (!isSame(list[n], trace[at++])) return false
    } else {
      if (Object.getPrototypeOf(object) !== shape) return false
      for (const key in object as object) {
        if (trace[at] !== key || !isSame((object as Keyed)[key], trace[at + 1])) return false
        at += 2
      }
      if (trace[at++] !== END) return false
    }
  }
  return true
}

type Keyed = Readonly<Record<string, unknown>>

const MAX_TRACE = 2000
/** Ends the keys of an object. */
const END = Symbol('end')

function addList(list: readonly unknown[], trace: unknown[]): readonly unknown[] {
  trace.push(list, list.length, ...list)
  return list
}

function addObject(object: Keyed, trace: unknown[]): readonly unknown[] {
  trace.push(object, Object.getPrototypeOf(object))
  const values: unknown[] = []
  for (const key in object) {
    const value = object[key]
    values.push(value)
    trace.push(key, value)
  }
  trace.push(END)
  return values
}

/** As `Object.is`, which is slower. */
const isSame = (a: unknown, b: unknown): boolean => (a === b && a !== 0) || Object.is(a, b)

/** Whether the value is an object whose keys contain everything that a serializer sees. */
function isOpen(value: unknown): value is Keyed {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.length <= MAX_TRACE && value.length === Object.keys(value).length
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null)
    return typeof (value as { toJSON?: unknown }).toJSON !== 'function'
  return 'lc_serializable' in value && 'lc_kwargs' in value
}
