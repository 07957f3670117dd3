/** Finds the candidates for the last word of a command line. */
import type { Command, Option } from 'commander'
import type { Stores } from '../../stores.ts'

/** @param words words after the program's name; the last one is being typed, and may be empty */
export async function candidates(
  program: Command,
  words: readonly string[],
  stores: Stores,
): Promise<string[]> {
  const typed = words.at(-1) ?? ''
  const { verb, given, option } = read(program, words.slice(0, -1))
  const found = await possible(program, { verb, given, option, typed }, stores)
  return found.filter((word) => word.startsWith(typed) && isPlain(word))
}

/** Returns the store that the words name. */
export function storeIn(words: readonly string[]): string | undefined {
  const at = words.lastIndexOf('--store', words.length - 2)
  return at === -1
    ? words.find((word) => word.startsWith('--store='))?.slice('--store='.length)
    : words[at + 1]
}

/** Most sessions that are offered. */
const MOST = 200

interface Asked {
  verb: Command
  /** Arguments before the typed word. */
  given: readonly string[]
  /** The option whose value is being typed. */
  option: Option | undefined
  typed: string
}

/** Reads the verb of the words, and its arguments. */
function read(program: Command, words: readonly string[]): Omit<Asked, 'typed'> {
  let verb = program
  let option: Option | undefined
  const given: string[] = []
  for (const word of words) {
    if (option !== undefined) {
      option = undefined
      continue
    }
    if (word.startsWith('-')) {
      const named = [...verb.options, ...program.options].find(
        ({ long, short }) => long === word || short === word,
      )
      option = named !== undefined && (named.required || named.optional) ? named : undefined
      continue
    }
    const inner = given.length === 0 ? verb.commands.find((one) => one.name() === word) : undefined
    if (inner === undefined) given.push(word)
    else verb = inner
  }
  return { verb, given, option }
}

async function possible(
  program: Command,
  { verb, given, option, typed }: Asked,
  stores: Stores,
): Promise<string[]> {
  if (option !== undefined) {
    const name = option.attributeName()
    if (name === 'session' || name === 'only') return sessionsFrom(stores, typed)
    const [session] = given
    if (session === undefined || (name !== 'branch' && name !== 'tag')) return []
    const { branches, tags } = await namesIn(stores, await stores.named(session))
    return name === 'branch' ? branches : tags
  }
  if (typed.startsWith('-'))
    return [...new Set([...verb.options, ...program.options].flatMap(({ long }) => long ?? []))]
  if (verb === program || (verb.commands.length > 0 && given.length === 0))
    return given[0] === 'help' || given.length === 0
      ? [...verb.commands.map((one) => one.name()), 'help']
      : []
  const { registeredArguments: all } = verb
  const argument = all[given.length] ?? (all.at(-1)?.variadic === true ? all.at(-1) : undefined)
  switch (argument?.name()) {
    case 'session':
    case 'from':
    case 'to':
    case 'range':
      return placesFrom(stores, typed)
    case 'branch':
      return (await namesIn(stores, await stores.named(given[0] ?? ''))).branches
    case 'shell':
      return ['bash', 'zsh', 'fish']
    default:
      return []
  }
}

/** Returns sessions, and after a session and `/` also its branches and tags. */
async function placesFrom(stores: Stores, typed: string): Promise<string[]> {
  const end = typed.lastIndexOf('/')
  const found = await sessionsFrom(stores, typed)
  if (end === -1) return found
  const { session } = await stores.find(typed.slice(0, end))
  const { branches, tags } = await namesIn(stores, session)
  return [...found, ...[...branches, ...tags].map((name) => `${typed.slice(0, end)}/${name}`)]
}

async function sessionsFrom(stores: Stores, prefix: string): Promise<string[]> {
  const found: string[] = []
  for await (const { id } of stores.existing.list({ prefix, order: 'id', limit: MOST })) found.push(id)
  return found
}

async function namesIn(stores: Stores, session: string): Promise<{ branches: string[]; tags: string[] }> {
  const [branches, tags] = [await stores.existing.branches(session), await stores.existing.tags(session)]
  return { branches: branches.map(({ name }) => name), tags: tags.map(({ name }) => name) }
}

/** Whether a word has no line feeds and no characters that a terminal obeys. */
const isPlain = (word: string): boolean => !/\p{C}/u.test(word)
