/** Recognizes calls that change files by the shape of their input, so that they can be shown as diffs. */
import { isJsonObject, type JsonObject } from '../json-value.ts'
import type { CallBlock } from './block.ts'
import { isText, listOf, objectOf } from './fields.ts'
import { type DiffLine, lineDiff } from './line-diff.ts'

/** A change of one file. */
export interface FileEdit {
  path: string
  /** `edit`: replaces a part. `write`: replaces the whole file. `patch`: lines with signs. */
  how: 'edit' | 'write' | 'patch' | 'delete'
  before: string
  after: string
  patch: string
}

/** The changes of a call, and the rest of its input. */
export interface ReadEdits {
  edits: readonly FileEdit[]
  rest: JsonObject
}

/** Returns the changes of a call; `undefined` if it is not known to change a file. */
export function editsOf({ tool, input }: CallBlock): ReadEdits | undefined {
  const patch = patchIn(input)
  if (patch !== undefined) {
    const edits = editsOfPatch(patch)
    return edits.length === 0 ? undefined : { edits, rest: {} }
  }
  if (!isJsonObject(input)) return undefined
  const path = take(input, PATHS)
  if (path === undefined) return undefined
  const used = new Set([path.key])
  const one = replaced(input, used)
  if (one !== undefined)
    return { edits: [{ ...EMPTY, path: path.text, how: 'edit', ...one }], rest: without(input, used) }
  const parts = listOf(input.edits).map((edit) => replaced(objectOf(edit), new Set()))
  if (parts.length > 0 && parts.every((part) => part !== undefined)) {
    used.add('edits')
    const edits = parts.map((part): FileEdit => ({ ...EMPTY, path: path.text, how: 'edit', ...part }))
    return { edits, rest: without(input, used) }
  }
  return operation(input, path.text, used) ?? written(tool, input, path.text, used)
}

/** Splits a patch of git into its files. */
export function editsOfGitPatch(patch: string): FileEdit[] {
  return patch
    .split(/^(?=diff --git )/m)
    .filter((file) => file.startsWith('diff --git '))
    .map((file) => {
      const start = file.search(/^(?:@@|GIT binary patch|Binary files)/m)
      const head = start === -1 ? file : file.slice(0, start)
      const path =
        /^\+\+\+ "?b\/(.*?)"?\t?$/m.exec(head)?.[1] ??
        /^--- "?a\/(.*?)"?\t?$/m.exec(head)?.[1] ??
        /^diff --git "?a\/(.*?)"? "?b\//.exec(head)?.[1] ??
        ''
      const body = start === -1 ? '' : file.slice(start)
      const isText = body === '' || body.startsWith('@@')
      return { ...EMPTY, path, how: 'patch', patch: isText ? body : 'not shown: no text' }
    })
}

/** Returns the lines of a change with their signs. Lines that give positions have a space as sign. */
export function linesOfEdit({ how, before, after, patch }: FileEdit): DiffLine[] {
  if (how !== 'patch') return lineDiff(before, after)
  return patch
    .replace(/\n$/, '')
    .split('\n')
    .map((line): DiffLine => {
      const sign = line.startsWith('+') ? '+' : line.startsWith('-') ? '-' : ' '
      return { sign, text: sign === ' ' && !line.startsWith(' ') ? line : line.slice(1) }
    })
}

const EMPTY = { before: '', after: '', patch: '' }
const PATHS = ['path', 'file_path', 'filePath', 'file', 'filename', 'target_file', 'notebook_path']
const BEFORE = ['old_string', 'oldString', 'oldText', 'old_text', 'old_str', 'search']
const AFTER = ['new_string', 'newString', 'newText', 'new_text', 'new_str', 'replace']
const WHOLE = ['content', 'contents', 'file_text', 'new_source', 'text']

function replaced(input: JsonObject, used: Set<string>): { before: string; after: string } | undefined {
  const before = take(input, BEFORE)
  const after = take(input, AFTER)
  if (before === undefined || after === undefined) return undefined
  used.add(before.key).add(after.key)
  if (input.command === 'str_replace') used.add('command')
  return { before: before.text, after: after.text }
}

/** Reads a call of a tool whose name says that it writes a whole file. */
function written(tool: string, input: JsonObject, path: string, used: Set<string>): ReadEdits | undefined {
  const whole = take(input, WHOLE)
  if (whole === undefined || !(/write|create|save/i.test(tool) || input.command === 'create'))
    return undefined
  used.add(whole.key).add('command')
  return { edits: [{ ...EMPTY, path, how: 'write', after: whole.text }], rest: without(input, used) }
}

/** Reads `{ type: 'update_file', path, diff }` of OpenAI's `apply_patch`. */
function operation({ type, diff }: JsonObject, path: string, used: Set<string>): ReadEdits | undefined {
  if (type === 'delete_file') return { edits: [{ ...EMPTY, path, how: 'delete' }], rest: {} }
  if (!isText(diff) || (type !== 'update_file' && type !== 'create_file')) return undefined
  used.add('diff').add('type')
  return { edits: [{ ...EMPTY, path, how: 'patch', patch: diff }], rest: {} }
}

/** Finds a patch in the format of `apply_patch` in an input. */
function patchIn(input: unknown): string | undefined {
  const texts = isJsonObject(input)
    ? [input.input, input.patch, input.patch_text, ...listOf(input.command), ...listOf(objectOf(input).cmd)]
    : [input]
  return texts.find((text): text is string => isText(text) && text.trimStart().startsWith('*** Begin Patch'))
}

function editsOfPatch(patch: string): FileEdit[] {
  const edits: (FileEdit & { lines: string[] })[] = []
  for (const line of patch.split('\n')) {
    const head = /^\*\*\* (Add|Update|Delete) File: (.+)$/.exec(line)
    if (head !== null) {
      const how = head[1] === 'Delete' ? 'delete' : 'patch'
      edits.push({ ...EMPTY, path: head[2]!.trim(), how, lines: [] })
    } else if (!line.startsWith('*** Begin Patch') && !line.startsWith('*** End Patch'))
      edits.at(-1)?.lines.push(line)
  }
  return edits.map(({ lines, ...edit }) => ({ ...edit, patch: lines.join('\n') }))
}

function take(input: JsonObject, keys: readonly string[]): { key: string; text: string } | undefined {
  for (const key of keys) {
    const text = input[key]
    if (isText(text)) return { key, text }
  }
  return undefined
}

const without = (input: JsonObject, used: ReadonlySet<string>): JsonObject =>
  Object.fromEntries(Object.entries(input).filter(([key]) => !used.has(key)))
