/** Globs for paths, used by permission rules and by the tools that search files. */
import { HOLE } from './pattern.ts'

/** Most characters of a pattern for paths. */
const LONGEST = 2048
/** Longer than any system allows. */
const LONGEST_PATH = 16_384

type Test = (char: string) => boolean

interface Node {
  steps: { test: Test; to: number }[]
  /** Nodes that are reached without consuming a character. */
  free: number[]
}

/**
 * A glob for paths: `*` and `?` stay within a folder, `**` crosses folders, `{a,b}` and `[abc]` as in a shell. A
 * pattern without a slash fits at any depth, one that ends in a slash everything below; a slash at the start is the
 * workspace. All alternatives are followed at once, one character after another.
 */
export class PathPattern {
  readonly #nodes: readonly Node[]
  readonly #end: number

  /** Throws TypeError for a pattern that is invalid or too long. */
  constructor(glob: string) {
    if (glob.length > LONGEST) throw new TypeError(`a pattern for paths has at most ${LONGEST} characters`)
    const whole = glob.replace(/^\.?\//, '').replace(/\/$/, '/**')
    const below = whole.endsWith('/**')
    const builder = new Builder()
    if (!glob.includes('/')) builder.anyDepth()
    builder.glob(below ? whole.slice(0, -3) : whole)
    if (below) builder.andBelow()
    this.#nodes = builder.nodes
    this.#end = builder.at
  }

  /** Whether the path matches; for a path with holes, whether it may match. */
  fits(path: string): boolean {
    if (path.length > LONGEST_PATH) return false
    const places = new Places(this.#nodes)
    places.start(0)
    for (const char of path) {
      if (!places.step(char)) return false
    }
    return places.has(this.#end)
  }
}

/** All nodes that the text so far may lead to. */
class Places {
  readonly #nodes: readonly Node[]
  /** The step in which a node was last added. */
  readonly #added: Int32Array
  #turn = 0
  #here: number[] = []

  constructor(nodes: readonly Node[]) {
    this.#nodes = nodes
    this.#added = new Int32Array(nodes.length)
  }

  start(node: number): void {
    this.#turn = 1
    this.#add(node)
    this.#spread(false)
  }

  has(node: number): boolean {
    return this.#added[node] === this.#turn
  }

  /** Consumes one character; false when nothing can match any more. */
  step(char: string): boolean {
    const before = this.#here
    this.#here = []
    this.#turn++
    const isHole = char === HOLE
    for (const node of before) {
      if (isHole) this.#add(node)
      for (const { test, to } of this.#nodes[node]!.steps) if (isHole || test(char)) this.#add(to)
    }
    this.#spread(isHole)
    return this.#here.length > 0
  }

  /** Adds what follows without a character; after a hole, with any. */
  #spread(isHole: boolean): void {
    for (let index = 0; index < this.#here.length; index++) {
      const { free, steps } = this.#nodes[this.#here[index]!]!
      for (const to of free) this.#add(to)
      if (isHole) for (const { to } of steps) this.#add(to)
    }
  }

  #add(node: number): void {
    if (this.#added[node] === this.#turn) return
    this.#added[node] = this.#turn
    this.#here.push(node)
  }
}

const any: Test = () => true
const slash: Test = (char) => char === '/'
const notSlash: Test = (char) => char !== '/'

class Builder {
  readonly nodes: Node[] = [{ steps: [], free: [] }]
  /** The end of the pattern so far. */
  at = 0

  /** `(.*\/)?` */
  anyDepth(): void {
    const start = this.at
    this.#loop(any)
    this.#take(slash)
    this.nodes[start]!.free.push(this.at)
  }

  /** `(/.*)?` */
  andBelow(): void {
    const start = this.at
    this.#take(slash)
    this.#loop(any)
    // A separate node, because reaching the start is not yet the end.
    const end = this.#node()
    this.nodes[this.at]!.free.push(end)
    this.nodes[start]!.free.push(end)
    this.at = end
  }

  glob(text: string): void {
    const chars = [...text]
    const lastBrace = chars.lastIndexOf('}')
    const groups: { start: number; end: number }[] = []
    for (let index = 0; index < chars.length; index++) {
      const char = chars[index]!
      if (char === '*') index = this.#stars(chars, index)
      else if (char === '?') this.#take(notSlash)
      else if (char === '[') index = this.#charClass(chars, index)
      else if (char === '{' && index < lastBrace) {
        groups.push({ start: this.at, end: this.#node() })
        this.#branch(groups.at(-1)!.start)
      } else if (char === '}' && groups.length > 0) {
        const { end } = groups.pop()!
        this.nodes[this.at]!.free.push(end)
        this.at = end
      } else if (char === ',' && groups.length > 0) {
        const { start, end } = groups.at(-1)!
        this.nodes[this.at]!.free.push(end)
        this.#branch(start)
      } else {
        const literal = char === '\\' && index + 1 < chars.length ? chars[++index]! : char
        this.#take((other) => other === literal)
      }
    }
    if (groups.length > 0) throw new TypeError("a '{' in it has no '}'")
  }

  #stars(chars: readonly string[], start: number): number {
    let end = start
    while (chars[end + 1] === '*') end++
    if (end === start) this.#loop(notSlash)
    else if (chars[end + 1] === '/') {
      this.#branch(this.at)
      const folders = this.at
      this.#take(notSlash)
      this.nodes[this.at]!.steps.push({ test: notSlash, to: this.at }, { test: slash, to: folders })
      this.at = folders
      this.#branch(folders)
      return end + 1
    } else this.#loop(any)
    return end
  }

  #charClass(chars: readonly string[], start: number): number {
    const end = chars.indexOf(']', start + 2)
    if (end === -1) {
      this.#take((char) => char === '[')
      return start
    }
    const negated = chars[start + 1] === '!' || chars[start + 1] === '^'
    const inside = chars.slice(start + (negated ? 2 : 1), end)
    const ranges: (readonly [string, string])[] = []
    for (let index = 0; index < inside.length; index++) {
      const isRange = inside[index + 1] === '-' && index + 2 < inside.length
      ranges.push([inside[index]!, inside[isRange ? index + 2 : index]!])
      if (isRange) index += 2
    }
    const holds = (char: string): boolean => ranges.some(([from, to]) => inRange(char, from, to))
    this.#take((char) => char !== '/' && holds(char) !== negated)
    return end
  }

  #node(): number {
    return this.nodes.push({ steps: [], free: [] }) - 1
  }

  #take(test: Test): void {
    const to = this.#node()
    this.nodes[this.at]!.steps.push({ test, to })
    this.at = to
  }

  /** Continues at a new node, so that later additions affect nothing else. */
  #branch(from: number): void {
    this.at = this.#node()
    this.nodes[from]!.free.push(this.at)
  }

  #loop(test: Test): void {
    this.#branch(this.at)
    this.nodes[this.at]!.steps.push({ test, to: this.at })
    this.#branch(this.at)
  }
}

const inRange = (char: string, from: string, to: string): boolean =>
  char.codePointAt(0)! >= from.codePointAt(0)! && char.codePointAt(0)! <= to.codePointAt(0)!
