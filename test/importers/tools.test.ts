import { describe, expect, test } from 'vitest'
import { foldersOf, IMPORTERS, openSource, toolOf } from '../../src/importers/index.ts'
import { importerSuite } from './importer-suite.ts'
import { SAMPLES } from './samples.ts'
import { STORES } from './stores.ts'

const OTHER: Readonly<Record<string, readonly [string, string]>> = {
  'swe-agent': ['{"trajectory":{"other":1}}', '{"trajectory":{"other":2}}'],
  aider: ['{"text":"other\\n"}', '{"text":"lines\\n"}'],
  moatless: ['{"node_id":7}', '{"node_id":8}'],
  'mini-swe-agent': ['{"role":"other"}', '{"role":"others"}'],
}

for (const tool of IMPORTERS) {
  const samples = SAMPLES.filter((sample) => sample.tool === tool)
  if (samples.length === 0) continue
  const other = OTHER[tool.name]
  importerSuite(
    tool,
    samples.map(({ entries, ...rest }) => ({
      ...rest,
      lines: entries,
      ...(other === undefined ? {} : { other }),
    })),
    // Real files are imported into git stores, see transcripts.test.ts.
    STORES.filter(({ name }) => name === 'memory'),
  )
}

describe('tools', () => {
  test('are looked for only where they keep sessions on this operating system', () => {
    for (const tool of IMPORTERS) {
      const on = (platform: NodeJS.Platform) => foldersOf(tool, '/home/ann', {}, platform).join()
      expect(on('linux')).not.toMatch(/Library|AppData/)
      expect(on('darwin')).not.toMatch(/AppData/)
      expect(on('win32')).not.toMatch(/Library/)
    }
    const chats = foldersOf(IMPORTERS.find(({ name }) => name === 'copilot-chat')!, '/home/ann', {}, 'darwin')
    expect(chats[0]).toBe('/home/ann/Library/Application Support/Code/User/workspaceStorage')
  })

  test('all have a sample', () => {
    const covered = new Set(SAMPLES.map(({ tool }) => tool.name))
    expect(IMPORTERS.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([])
  })

  test.each(SAMPLES)(
    'a file of $tool.name is known to be one: $name',
    async ({ tool, name, entries, document }) => {
      const lines = document === undefined ? [...entries] : document(entries).split('\n')
      expect((await toolOf(IMPORTERS, await openSource({ name, lines })))?.name).toBe(tool.name)
    },
  )
})
