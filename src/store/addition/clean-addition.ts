/** Redacts an addition. The places of its items are known only under the locks, but `redact` has to run before. */

import { isJsonObject, without } from '../../json-value.ts'
import { allKnown, onceKnown, type Redact, redactValue } from '../../redaction/redact.ts'
import { redactPieces } from '../redaction/deltas.ts'
import { type Existing, idOf, type ParsedAddition } from './plan.ts'
import { countEvents, RUNS } from './runs.ts'

/** The place that an item will get. `events`: how many events the run already has, if it exists. */
interface ItemPlace {
  readonly index: number
  readonly events?: number
}

type Places = ReadonlyMap<string, readonly ItemPlace[]>

/**
 * Thrown under the locks, to leave them, if the items get other places than those redacted for. Never reaches a caller.
 */
export class OtherPlaces extends Error {
  readonly places: Places

  constructor(places: Places) {
    super('An addition has to be redacted for the places of its items.')
    this.places = places
  }
}

/** An addition, redacted for one set of places at a time. */
export class CleanAddition {
  readonly given: ParsedAddition
  readonly #redact: Redact
  #places = ''
  #clean: ParsedAddition | undefined

  constructor(given: ParsedAddition, redact: Redact) {
    this.given = given
    this.#redact = redact
  }

  /** Returns the addition, redacted for its places in this state. Throws OtherPlaces if it was redacted for others. */
  at(existing: Existing): ParsedAddition {
    const places = placesOf(this.given, existing)
    if (this.#clean === undefined || this.#places !== nameOf(places)) throw new OtherPlaces(places)
    return this.#clean
  }

  /** Redacts it for these places. */
  async redact(places: Places): Promise<void> {
    this.#clean = await redactAddition(this.given, places, this.#redact)
    this.#places = nameOf(places)
  }
}

const nameOf = (places: Places): string => JSON.stringify([...places])

function placesOf({ items }: ParsedAddition, existing: Existing): Places {
  const places = [...items].map(([collection, incoming]) => {
    let next = existing.count(collection)
    const of = (item: unknown): ItemPlace => {
      const id = idOf(item)
      const found = id === undefined ? undefined : existing.find(collection, id)
      if (found === undefined) return { index: next++ }
      const { index, item: stored, events = countEvents(stored) } = found
      return collection === RUNS ? { index, events: events.count } : { index }
    }
    return [collection, incoming.map(of)] as const
  })
  return new Map(places)
}

/** Returns the redacted addition. An item that `redact` removes becomes `null`. */
async function redactAddition(
  { items, set, unset }: ParsedAddition,
  places: Places,
  redact: Redact,
): Promise<ParsedAddition> {
  const lists = [...items].map(async ([collection, incoming]) => {
    const kept = incoming.map((item, n) => redactItem(item, collection, places.get(collection)![n]!, redact))
    return [collection, (await allKnown(kept)).map((item) => item ?? null)] as const
  })
  const fields = Object.keys(set)
  const values = allKnown(fields.map((key) => redactValue(set[key], redact, [key])))
  const kept = await Promise.all([Promise.all(lists), values])
  const entries = fields.map((key, index) => [key, kept[1][index]] as const)
  return {
    items: new Map(kept[0]),
    set: Object.fromEntries(entries.filter(([, value]) => value !== undefined)),
    unset,
  }
}

function redactItem(
  item: unknown,
  collection: string,
  { index, events: from }: ItemPlace,
  redact: Redact,
): unknown {
  const path = [collection, index]
  if (collection !== RUNS || !isJsonObject(item) || !Array.isArray(item.events))
    return redactValue(item, redact, path)
  const inEvents = [...path, 'events']
  const joined = redactPieces(item.events, redact, inEvents, from)
  const events = onceKnown(joined as readonly unknown[], (all) =>
    allKnown(all.map((event, n) => redactValue(event, redact, [...inEvents, (from ?? 0) + n]))),
  )
  const fields = redactValue(without(item, EVENTS), redact, path)
  return onceKnown(allKnown([fields, events]), ([kept, list]) =>
    isJsonObject(kept) ? { ...kept, events: (list as unknown[]).map((event) => event ?? null) } : kept,
  )
}

const EVENTS = new Set(['events'])
