/** Ids that begin with a dash: every verb takes them after `--`, and every line that is printed can be pasted. */
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { markIds, shell as quoted, unmarked, wordsOf } from '../../src/cli/words.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { message, session } from '../../src/testing/samples.ts'
import { forkpointHere, jsonLines, shell, workFolder } from './command-line.ts'

const cwd = await workFolder()
const run = (...args: string[]) => forkpointHere(args, { cwd })
const here = { FORKPOINT_STORE: `${cwd}/sessions` }

/** What stands behind `Undo:`, or in a line of JSON. */
const undoOf = (said: string): string => /^Undo[^:]*: (.*)$/m.exec(said)?.[1] ?? JSON.parse(said).undo[0]
const paste = (line: string) => shell(line.replaceAll(/(^|&& )forkpoint /g, '$1$FP '), { cwd, env: here })

const IDS = ['--help', '--json', '-n', '--', "--it's $(id)", '~root']

async function stored(...ids: string[]): Promise<void> {
  const store = new GitSessionStore(`${cwd}/sessions`)
  for (const id of ids) await store.save(session(id, {}, 'one'), { expected: 'any' }).catch(() => undefined)
  await store.append(ids[0]!, { messages: [message('m2')] })
  await store.close()
}

describe('an id that begins with a dash', () => {
  it.each(IDS)('%s is taken by every verb after --, and what is printed takes it back', async (id) => {
    await stored(id)
    for (const verb of ['log', 'show', 'branches', 'tag']) {
      const ran = await run(verb, '--', id)
      expect([verb, ran.code, ran.stderr]).toEqual([verb, 0, verb === 'tag' ? ran.stderr : ''])
    }
    expect((await run('verify', '--', id)).code).toBe(0)
    expect((await run('diff', '--', `${id}/main~1`, id)).code).toBe(0)
    const forked = await run('fork', '--branch=--b', '--switch', '--', id)
    expect([forked.code, forked.stderr]).toEqual([0, expect.stringContaining('Undo: ')])
    expect((await paste(`${undoOf(forked.stderr)} --yes`)).code).toBe(0)
    expect(jsonLines((await run('branches', '--json', '--', id)).stdout)).toMatchObject([
      { name: 'main', active: true },
    ])
    const tagged = await run('tag', '--', id, '--t')
    expect((await paste(`${undoOf(tagged.stderr)} --yes`)).code).toBe(0)
    expect(jsonLines((await run('tag', '--json', '--', id)).stdout)).toEqual([])
    const copied = await run('fork', '--json', `--session=-${id}`, '--', id)
    expect((await paste(`${undoOf(copied.stdout)} --yes`)).code).toBe(0)
    expect((await paste(`$FP delete --yes -- ${quoted([id])}`)).code).toBe(0)
    expect((await run('list', '--json')).stdout).toBe('')
  })
})

describe('words', () => {
  const verb = new Command('switch').argument('<session>').argument('<branch>')
  it('after -- are ids as far as the verb takes them', () => {
    expect(markIds(['switch', '--json', '--', '-a', 'b', '--yes'], verb).map(unmarked)).toEqual([
      'switch',
      '--json',
      '-a',
      'b',
      '--yes',
    ])
    expect(markIds(['switch', 'a', 'b'], verb)).toEqual(['switch', 'a', 'b'])
  })

  it('for a command have ids with a dash last, and values with one joined', () => {
    expect(wordsOf('delete', ['demo'], { branch: 'b', store: undefined })).toEqual([
      'delete',
      'demo',
      '--branch',
      'b',
    ])
    expect(wordsOf('delete', ['-d'], { branch: '-b', store: 's' })).toEqual([
      'delete',
      '--branch=-b',
      '--store',
      's',
      '--',
      '-d',
    ])
  })

  it('are quoted where a shell would read more into them', () => {
    expect(quoted(['a', '~', '~root', '=ls', "it's", '', '$x', 'a/~b'])).toBe(
      "a '~' '~root' '=ls' 'it'\\''s' '' '$x' a/~b",
    )
  })
})
