import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { InvalidIdError } from '../../src/errors.ts'
import type { ByteSource } from '../../src/importers/byte-source.ts'
import { redactedSource } from '../../src/importers/core/redacted-source.ts'
import {
  exportClaudeCode,
  exportSession,
  importClaudeCode,
  importSession,
} from '../../src/importers/index.ts'
import { readLines } from '../../src/importers/jsonl.ts'
import { redactSecrets } from '../../src/redaction/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { tempFolder } from '../git/real-git.ts'
import { sample, seeded } from '../redaction/sample.ts'
import { SAMPLES, type ToolSample } from './samples.ts'
import { TranscriptBuilder } from './transcript-builder.ts'

const token = sample('ghp_{w36}', seeded(6))

function transcript(): TranscriptBuilder {
  const built = new TranscriptBuilder()
  built.prompt('show the settings')
  built.reply([
    {
      type: 'tool_use',
      id: 't1',
      name: 'Bash',
      input: { command: `curl -H "Authorization: Bearer ${token}" a` },
    },
  ])
  built.prompt(`and use ${token} again`)
  built.reply([{ type: 'text', text: 'nothing to hide here' }])
  return built
}

const everything = (folder: string) =>
  execFileSync('git', ['--git-dir', folder, 'cat-file', '--batch', '--batch-all-objects'], {
    maxBuffer: 1 << 28,
  }).toString('latin1')

test('an import takes secrets out, says how many of which rule, and adds nothing the second time', async () => {
  const folder = join(tempFolder(), 'store')
  const built = transcript()
  for (const [nth, file] of [built, built].entries()) {
    const store = new GitSessionStore(folder)
    const { redacted, checkpoints, session } = await importClaudeCode(
      { name: 'a.jsonl', lines: file.lines },
      store,
    )
    expect(redacted).toEqual({ github: 2 })
    expect(checkpoints > 0).toBe(nth === 0)
    expect((await store.branches(session)).map(({ name }) => name)).toEqual(['main'])
    await store.close()
  }
  built.prompt(`a third ${token}`)
  built.reply([{ type: 'text', text: 'done' }])
  const store = new GitSessionStore(folder)
  const more = await importClaudeCode({ name: 'a.jsonl', lines: built.lines }, store)
  expect(more).toMatchObject({ created: false, branches: ['main'], redacted: { github: 3 } })
  const exported = JSON.stringify(await exportClaudeCode(store, more.session))
  expect(exported).not.toContain(token)
  expect(exported).toContain('nothing to hide here')
  await store.close()
  expect(everything(folder)).not.toContain(token)
})

test('without redaction a transcript is imported as it is', async () => {
  const store = new GitSessionStore(join(tempFolder(), 'store'))
  const { lines } = transcript()
  const { redacted, session } = await importClaudeCode({ name: 'a.jsonl', lines }, store, { redact: false })
  expect(redacted).toEqual({})
  expect(JSON.stringify(await store.load(session))).toContain(token)
  await store.close()
})

test('a file whose name holds a secret is refused, and not named', async () => {
  const store = new GitSessionStore(join(tempFolder(), 'store'))
  const { lines } = transcript()
  const error = await importClaudeCode({ name: `${token}.jsonl`, lines }, store).catch(
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(InvalidIdError)
  expect(String(error)).not.toContain(token)
  await store.close()
})

test('a line that no string can hold is passed over, and the lines around it are looked at', async () => {
  const line = Buffer.from(`\ufeff{"text":"${token}"}\r\n`)
  const zeros = Buffer.alloc(1 << 20)
  const long = 600
  const feed = line.length + long * zeros.length
  const source: ByteSource = {
    name: 'a.jsonl',
    size: 2 * line.length + long * zeros.length + 1,
    modified: undefined,
    async *chunks() {
      yield line
      for (let n = 0; n < long; n++) yield zeros
      yield Buffer.concat([Buffer.from('\n'), line.subarray(3)])
    },
    read: async (start, end) => {
      const bytes = Buffer.alloc(end - start)
      if (start <= feed && feed < end) bytes[feed - start] = 10
      return bytes
    },
  }
  const redacted = await redactedSource(source, { redact: redactSecrets({ key: 'k' }) })
  const texts: string[] = []
  for await (const { bytes } of readLines(redacted.chunks())) if (bytes !== undefined) texts.push(`${bytes}`)
  expect(texts).toEqual(
    Array(2).fill(expect.stringMatching(/^\{"text":"\[redacted:[a-z-]+:[0-9a-f]{8}\]"\}$/)),
  )
})

test.each(['codex', 'gemini-cli', 'goose', 'atif', 'aider'])(
  'an import from %s takes secrets out of entries, and out of what stands around them',
  async (name) => {
    const found = SAMPLES.find(({ tool }) => tool.name === name) as ToolSample
    const entries = found.entries.map((entry) =>
      entry.replace('Go', `Go ${token}`).replace('Why?', `Why? ${token}`),
    )
    const text = found.document === undefined ? entries.join('\n') : found.document(entries)
    const lines = text.replace('A walk', `A walk ${token}`).trimEnd().split('\n')
    expect(lines.join('\n')).toContain(token)
    const folder = join(tempFolder(), 'store')
    const store = new GitSessionStore(folder)
    const { session, redacted } = await importSession(found.tool, { name: found.name, lines }, store)
    expect(redacted.github).toBeGreaterThan(0)
    const { main } = await exportSession(found.tool, store, session)
    expect(main.lines).toHaveLength(entries.length)
    expect(main.bytes().toString()).toContain('[redacted:')
    await store.close()
    expect(everything(folder)).not.toContain(token)
  },
)
