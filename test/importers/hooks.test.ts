import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { UnsupportedError } from '../../src/errors.ts'
import { HOOKS, type ToolHook } from '../../src/importers/index.ts'
import { tempFolder } from '../git/real-git.ts'

const COMMAND = ['forkpoint', 'hook', 'run', 'TOOL', '--store', "/home/it's me/sessions"]
const hookOf = (name: string) => HOOKS.find(({ tool }) => tool.name === name) as ToolHook
const commandOf = ({ tool }: ToolHook) => COMMAND.map((word) => (word === 'TOOL' ? tool.name : word))

const SETTINGS: Record<string, string[]> = {
  'claude-code': [
    '{\n  "model": "opus"\n}\n',
    '{\n\t"hooks": {\n\t\t"Stop": [\n\t\t\t{\n\t\t\t\t"hooks": [\n\t\t\t\t\t{\n\t\t\t\t\t\t"type": "command",\n\t\t\t\t\t\t"command": "say done"\n\t\t\t\t\t}\n\t\t\t\t]\n\t\t\t}\n\t\t]\n\t}\n}',
    '{"permissions":{"allow":["Bash(ls)"]},"hooks":{"PreToolUse":[]}}',
  ],
  'gemini-cli': ['{\n    "theme": "x"\n}\n', '{\n  "hooks": {\n    "BeforeTool": []\n  }\n}\n'],
  codex: ['', 'model = "x"\n\n[tools]\nnotify = ["not the key"]\n', '[a]\nb = 1\n'],
}

describe.each(HOOKS.map((hook) => [hook.tool.name, hook] as const))('The hook of %s', (name, hook) => {
  test.each(SETTINGS[name]!.map((settings) => [settings]))(
    'goes in and out of %j, which is then as it was',
    (settings) => {
      const added = hook.add(settings, commandOf(hook))
      expect(added).toContain(`${name}`)
      expect(added).not.toBe(settings)
      expect(hook.add(added, commandOf(hook))).toBe(added)
      expect(hook.remove(added)).toBe(settings)
      expect(hook.remove(settings)).toBe(settings)
    },
  )

  test('replaces the command of before', () => {
    const first = hook.add('', commandOf(hook))
    const second = hook.add(first, [...commandOf(hook).slice(0, -1), '/elsewhere'])
    expect(second).toContain('/elsewhere')
    expect(second).not.toContain('sessions')
  })
})

describe('Settings that cannot be edited are not', () => {
  test.each([['// a comment\n{}'], ['[]'], ['{"hooks":[]}'], ['{"hooks":{"Stop":{}}}'], ['{']])(
    '%s',
    (settings) => expect(() => hookOf('claude-code').add(settings, COMMAND)).toThrow(UnsupportedError),
  )

  test.each([['notify = ["say"]\n'], ['model = "x"\n"notify" = [\n  "say",\n]\n']])('%j', (settings) =>
    expect(() => hookOf('codex').add(settings, COMMAND)).toThrow("have a 'notify' already"),
  )
})

test('Codex says only which thread, and its rollout is found', async () => {
  const folder = join(tempFolder(), 'sessions')
  const day = join(folder, '2026/01/31')
  mkdirSync(day, { recursive: true })
  const file = join(day, 'rollout-2026-01-31T10-00-00-abc-1.jsonl')
  writeFileSync(file, '')
  const { transcriptOf } = hookOf('codex')
  expect(await transcriptOf({ type: 'agent-turn-complete', 'thread-id': 'abc-1' }, [folder])).toBe(file)
  expect(await transcriptOf({ type: 'agent-turn-complete', 'thread-id': 'abc-2' }, [folder])).toBeUndefined()
  expect(await transcriptOf({}, [folder])).toBeUndefined()
})
