/**
 * Layouts: how a type of document is stored in a tree. A layout says which arrays are folders, which keys go into
 * `config.json`, and in which order known keys are written. Writing needs a layout; reading does not.
 */

/** The order in which the keys of an object are written: `keys`, then all other keys as they come, then `last`. */
export interface KeyOrder {
  readonly keys: readonly string[]
  /** Bookkeeping keys: written last, the value of each on one line. */
  readonly last?: readonly string[]
  /** Orders of the objects that are the values of some of these keys. */
  readonly inside?: ReadonlyMap<string, KeyOrder>
}

/** A top-level array that is stored as a folder, with one file per item. */
export interface CollectionSpec {
  /** Key of the array, and name of its folder. */
  readonly name: string
  /** Key of an append-only array in each item. If given, each item is a folder, with this array as JSON lines. */
  readonly log?: string
  /** If items are folders: the item's file is `<item>.json`. Default: `item`. */
  readonly item?: string
  /** Whether an item's `content` is left out if it equals the text of its `parts`. */
  readonly parts?: boolean
  readonly order?: KeyOrder
  /** Order of the keys of each object in the log. */
  readonly logOrder?: KeyOrder
}

export interface Layout {
  readonly type: string
  readonly collections: readonly CollectionSpec[]
  /** Top-level keys that go into `config.json`, apart from keys that change with every save. */
  readonly configKeys: readonly string[]
  /** Order of the top-level keys. */
  readonly order: KeyOrder
}

// These orders are part of format 1.
const usage: KeyOrder = {
  keys: ['inputTokens', 'outputTokens', 'totalTokens', 'reasoningTokens', 'cachedInputTokens'],
}
const message: KeyOrder = {
  keys: ['id', 'role', 'content', 'parts', 'createdAt', 'run'],
  last: ['usage', 'source'],
  inside: new Map([['usage', usage]]),
}
const run: KeyOrder = {
  keys: ['id', 'status', 'prompt', 'startedAt', 'endedAt', 'result', 'error', 'events'],
  last: ['usage', 'source'],
  inside: new Map([['usage', usage]]),
}
const event: KeyOrder = { keys: ['sequence', 'at', 'type'] }
const session: KeyOrder = {
  keys: [
    'schemaVersion',
    'type',
    'id',
    'title',
    'workspace',
    'model',
    'status',
    'createdAt',
    'updatedAt',
    'config',
    'parent',
    'metadata',
    'messages',
    'runs',
  ],
  last: ['usage'],
  inside: new Map<string, KeyOrder>([
    ['config', { keys: ['systemPrompt', 'permissionPolicy', 'autoSave'] }],
    ['usage', usage],
    // The position up to which an importer has read.
    ['metadata', { keys: [], inside: new Map([['import', { keys: [], last: ['cursor'] }]]) }],
  ]),
}

/** The layout of type `session`. */
export const sessionLayout: Layout = {
  type: 'session',
  collections: [
    { name: 'messages', parts: true, order: message },
    { name: 'runs', log: 'events', item: 'run', order: run, logOrder: event },
  ],
  configKeys: ['workspace', 'model', 'config'],
  order: session,
}

/**
 * Makes the layout of any other document: keys keep their order, and `config` goes into `config.json`.
 *
 * @param collections keys of arrays, or their specifications. Throws TypeError for a key that cannot be a folder name
 * on every file system.
 */
export function genericLayout(type: string, collections: readonly (string | CollectionSpec)[]): Layout {
  const specs = collections.map((one) => (typeof one === 'string' ? { name: one } : one))
  for (const { name, log, item } of specs) {
    for (const part of [name, log, item]) if (part !== undefined) checkName(part)
  }
  if (new Set(specs.map(({ name }) => name.toLowerCase())).size < specs.length) {
    throw new TypeError('Two collections have the same name, or names that differ only in case.')
  }
  if (specs.some(({ name }) => name === 'config')) {
    throw new TypeError("'config' cannot be a collection: it is kept in config.json.")
  }
  return { type, collections: specs, configKeys: ['config'], order: { keys: [] } }
}

/** Whether a collection, a log or an item's file can have this name, which must be safe on every file system. */
export const isFolderName = (name: string): boolean =>
  /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name) && !/^(?:con|prn|aux|nul|com\d|lpt\d)$/i.test(name)

function checkName(name: string): void {
  if (!isFolderName(name)) {
    throw new TypeError(
      `'${name}' cannot be a collection: use up to 64 letters, digits, '_' or '-', with a letter first.`,
    )
  }
}
