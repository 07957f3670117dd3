import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { TranscriptBuilder } from '../importers/transcript-builder.ts'
import { sample, seeded } from '../redaction/sample.ts'
import { forkpointHere, jsonLines, workFolder } from './command-line.ts'

const cwd = await workFolder()
const env = { XDG_CACHE_HOME: join(cwd, 'cache') }
const run = (...args: string[]) => forkpointHere(args, { cwd, env })
const token = sample('ghp_{w36}', seeded(12))

it('an import says what it redacted, a scan finds what was not, and says so to code scanning', async () => {
  const transcript = new TranscriptBuilder('s')
  transcript.prompt(`use ${token}`)
  transcript.reply([{ type: 'text', text: 'done' }])
  const [file, sarifFile] = [join(cwd, 'a.jsonl'), join(cwd, 'out.sarif')]
  writeFileSync(file, `${transcript.lines.join('\n')}\n`)

  const kept = await run('import', 'claude-code', file, '--session', 'redacted')
  expect(kept.stderr).toContain('redacted 1 secret in redacted (github 1); --no-redact keeps them')
  const clean = await run('scan')
  expect([clean.code, clean.stdout]).toEqual([0, ''])
  expect(clean.stderr).toContain('No secrets found.')

  const [raw] = jsonLines(
    (await run('import', 'claude-code', file, '--session', 'raw', '--no-redact', '--json')).stdout,
  ) as [{ redacted: unknown }]
  expect(raw.redacted).toEqual({})
  const found = await run('scan', '--sarif', sarifFile)
  expect(found.code).toBe(1)
  expect(found.stdout).toMatch(/^github {2}raw [0-9a-f]{10} /m)
  const data = jsonLines((await run('scan', 'raw', '--json')).stdout) as { rule: string; excerpt: string }[]
  expect(data.map(({ rule }) => rule)).toContain('github')
  const sarif = readFileSync(sarifFile, 'utf8')
  const { version, runs } = JSON.parse(sarif)
  expect([version, runs[0].tool.driver.name, runs[0].results[0].ruleId]).toEqual([
    '2.1.0',
    'forkpoint',
    'github',
  ])
  const onStdout = JSON.parse((await run('scan', '--sarif', '-')).stdout)
  expect(onStdout.runs[0].results).toHaveLength(runs[0].results.length)
  for (const text of [found.stdout, sarif, JSON.stringify(data)]) expect(text).not.toContain(token)
  expect((await run('scan', 'redacted')).code).toBe(0)
})
