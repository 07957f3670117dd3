/**
 * How a type of document lies in its tree: which arrays are folders, which keys stand in `config.json`, and in
 * which order known keys are written. Writing needs a layout; reading needs none.
 */

/** The known keys of an object, in the order they are written; between `keys` and `last` stands all else, in the order it came. */
export interface KeyOrder {
  readonly keys: readonly string[]
  /** Bookkeeping: at the end, and each on one line. */
  readonly last?: readonly string[]
  /** Orders of the objects that some of these keys hold. */
  readonly inside?: ReadonlyMap<string, KeyOrder>
}

/** One top-level array that is kept as a folder, one item a file. */
export interface CollectionSpec {
  /** The key of the array, and the name of its folder. */
  readonly name: string
  /** Key of an item's own array that only grows. Each item is a folder then, with this array as JSON lines. */
  readonly log?: string
  /** Where items are folders: the item's file is `<item>.json`. Default `item`. */
  readonly item?: string
  /** Whether `content` may be left out where the item's `parts` say it all. */
  readonly parts?: boolean
  readonly order?: KeyOrder
  /** Order of the keys of each object in the log. */
  readonly logOrder?: KeyOrder
}

export interface Layout {
  readonly type: string
  readonly collections: readonly CollectionSpec[]
  /** Top-level keys that stand in `config.json`, apart from what changes with every save. */
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
    // How far an importer has read.
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
 * The layout of any other document: keys stay in the order they came, `config` stands in `config.json`.
 *
 * @param collections keys of arrays, or what else is to be said about them. Throws TypeError for one that cannot
 *   be the name of a folder everywhere.
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

/** Whether a collection, a log or an item's file can have this name: one that no file system mangles. */
export const isFolderName = (name: string): boolean =>
  /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name) && !/^(?:con|prn|aux|nul|com\d|lpt\d)$/i.test(name)

function checkName(name: string): void {
  if (!isFolderName(name)) {
    throw new TypeError(
      `'${name}' cannot be a collection: use up to 64 letters, digits, '_' or '-', with a letter first.`,
    )
  }
}
