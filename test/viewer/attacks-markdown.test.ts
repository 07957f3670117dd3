/** A session made of attacks, exported as Markdown and as the pages of its checkpoints, where a git host renders it. */
import { dirname } from 'node:path'
import { micromark, type Options } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'
import { beforeAll, expect, test } from 'vitest'
import { forkpointHere } from '../cli/command-line.ts'
import { git } from '../git/real-git.ts'
import { ATTACKS, ATTACKS_ON_GIT, attackSession } from './support/attacks.ts'
import { storeFolder } from './support/sessions.ts'

let folder: string

beforeAll(async () => {
  folder = await storeFolder()
  await attackSession(folder, { isHuge: false, texts: [...ATTACKS, ...ATTACKS_ON_GIT] })
})

/** What is live in a text, as a git host renders it before it takes anything out. */
function liveIn(markdown: string): string[] {
  const html = micromark(markdown, {
    allowDangerousHtml: true,
    allowDangerousProtocol: true,
    extensions: [gfm()],
    // Also what a host would take out first.
    htmlExtensions: [gfmHtml(), UNFILTERED],
  })
  // A renderer writes what is text as entities: each `<` that is left begins an element.
  return [...html.replace(/<!-- forkpoint page \d+ -->/g, '').matchAll(/<[^>]*>/g)]
    .map(([tag]) => tag)
    .filter((tag) => !HARMLESS.test(tag) && !LINK.test(tag))
}

type HtmlExtension = NonNullable<Options['htmlExtensions']>[number]

const UNFILTERED: HtmlExtension = {
  exit: {
    htmlFlowData(token) {
      this.raw(this.sliceSerialize(token))
    },
    htmlTextData(token) {
      this.raw(this.sliceSerialize(token))
    },
  },
}

const HARMLESS =
  /^<\/?(?:p|h[1-6]|pre|code|blockquote|ul|ol|li|em|strong|del|hr|br|a|table|thead|tbody|tr|th|td)(?: (?:class="language-[\w-]*"|start="\d+"|align="\w+"))*(?: \/)?>$/
/** A bare address that leads where it says. */
const LINK = /^<a href="(?:https?:\/\/|mailto:)[^"<>]*">$/

test('The exported Markdown holds nothing that acts', async () => {
  const { stdout, code } = await forkpointHere(['export', 'markdown', 'attack', '--store', folder], {
    cwd: dirname(folder),
  })
  expect(code).toBe(0)
  expect(stdout.length).toBeGreaterThan(100_000)
  expect(liveIn(stdout)).toEqual([])
})

test('The pages of its checkpoints hold nothing that acts', () => {
  const pages = git(folder, ['ls-tree', '-r', '-z', '--name-only', 'attack/main'])
    .toString()
    .split('\0')
    .filter((path) => path.endsWith('.md'))
  expect(pages.length).toBeGreaterThan(1)
  for (const path of pages)
    expect(liveIn(git(folder, ['show', `attack/main:${path}`]).toString())).toEqual([])
})

test('What acts is found', () => {
  expect(liveIn('<script>1</script>')).toEqual(['<script>', '</script>'])
  expect(liveIn('a <b onclick="x">')).toEqual(['<b onclick="x">'])
  expect(liveIn('[a](javascript:1)')).toEqual(['<a href="javascript:1">'])
  expect(liveIn('![b](http://evil.test/x.png)')).toHaveLength(1)
})
