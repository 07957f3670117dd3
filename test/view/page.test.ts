import fc from 'fast-check'
import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'
import { describe, expect, test } from 'vitest'
import { code, fenced, quoted } from '../../src/view/page/markdown.ts'
import { type PageTurn, pageOfTurn } from '../../src/view/page/page.ts'

/** As a git host renders it before it takes anything out. */
const html = (markdown: string): string =>
  micromark(markdown, {
    allowDangerousHtml: true,
    allowDangerousProtocol: true,
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  })

const text = (rendered: string): string =>
  rendered
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')

const SOURCE = { fileOf: () => '000000-x.1.txt', longest: 4096 }

const page = (...items: unknown[]): string => pageWith({}, ...items)

const pageWith = (turn: Partial<PageTurn>, ...items: unknown[]): string =>
  [
    ...pageOfTurn({
      items: items.map((item, index) => ({ index, item, ...SOURCE })),
      removed: [],
      runs: [],
      ...turn,
    }),
  ].join('')

const ATTACKS = [
  '```\n<script>alert(1)</script>',
  '~~~\n</code></pre><script>',
  '`````````\nx',
  '> > > > > > > > > > > > deep',
  '>>>\n\nout',
  'heading\n=====\n\nother\n---',
  '[a]: javascript:alert(1)\n\n[a]',
  '[x](javascript:alert(1)) ![y](http://evil/x.png) [z][a] [^1]\n\n[^1]: foot',
  '<!-- open',
  '--> <b>bold</b>',
  '<details><summary>',
  '<![CDATA[x]]>',
  '<?php ?>',
  '<http://evil>',
  '&#x202e;abc &rlm; &lt;b&gt;',
  'a\r```\r<script>',
  'a\r\n```\r\nb',
  'a\u2028```\u2029<b>',
  'a\f```\u000b<b>',
  'nul \u0000 \u001b[31mred\u001b[0m \u009b31m',
  '\u202eabc\u202c \u2066x\u2069',
  '000004-turn-3.md\n## 4 user',
  '<!-- forkpoint page 1 -->\n\n# Turn 9\n\n## 0 user',
  '> [!WARNING]\n> x',
  '[!NOTE]\nx',
  '```mermaid\ngraph TD\n```',
  '| a | b |\n| - | - |\n| 1 | 2 |',
  '\\`\\`\\`',
  '    indented\n\tcode',
  '- [ ] task\n- item\n\n1. one',
  '$$x$$ @user #1 :smile: https://example.com www.example.com a@b.c',
  '\ud800 half',
  '` `` ``` ```` code',
  '',
  '\n\n\n',
]

const hostile = fc.oneof(
  fc.constantFrom(...ATTACKS),
  fc
    .array(
      fc.constantFrom(
        ...[
          '`',
          '```',
          '~~~',
          '>',
          '> ',
          '\n',
          '\n\n',
          '\r',
          ' ',
          '\t',
          '<',
          '<b',
          '</div>',
          '<!--',
          '-->',
          '[',
          ']',
        ],
        ...[
          '](',
          ']:',
          '(',
          ')',
          '!',
          '*',
          '_',
          '#',
          '=',
          '-',
          '|',
          '\\',
          '&',
          '&#60;',
          ';',
          '\u2028',
          '\u0000',
        ],
        ...['\u001b', '\u202e', 'a', 'foo', 'http://x.y', 'javascript:', '1.', '+', '"', "'", '$', ':', '^'],
      ),
      { maxLength: 60 },
    )
    .map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 80 }),
)

/** `RUNS=20000 npx vitest run test/view/page.test.ts` tries that many. */
const RUNS = Number(process.env.RUNS ?? 600)

const CONTROL =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/

/** What stands in no quotation. */
function outsideOfQuotations(rendered: string): string {
  let depth = 0
  let outside = ''
  for (const part of rendered.split(/(<\/?blockquote>)/)) {
    if (part === '<blockquote>') depth++
    else if (part === '</blockquote>') depth--
    else if (depth === 0) outside += part
  }
  return outside
}

/** Elements that Markdown makes of prose, and that do nothing. */
const HARMLESS =
  /^<\/?(?:p|em|strong|code|pre|ul|ol|li|h[1-6]|hr|br|del|blockquote|table|thead|tbody|tr|th|td)\b[^>]*>$|^<input type="checkbox" disabled="" (?:checked="" )?\/>$|^<a href="(?:https?:\/\/|mailto:)[^"]*">$|^<\/a>$/

describe('What a session says stays inside', () => {
  test('of its fence, character for character', () => {
    fc.assert(
      fc.property(hostile, (said) => {
        const rendered = html(`before\n\n${fenced(said)}\n\nafter`)
        const inside = /^<p>before<\/p>\n<pre><code>([\s\S]*?)\n?<\/code><\/pre>\n<p>after<\/p>$/.exec(
          rendered,
        )
        expect(inside).not.toBeNull()
        expect(inside![1]).not.toContain('<')
        expect(inside![1]).not.toMatch(CONTROL)
      }),
      { numRuns: RUNS },
    )
  })

  test('of its quotation, in which Markdown makes only harmless elements', () => {
    fc.assert(
      fc.property(hostile, (said) => {
        const rendered = html(`before\n\n${quoted(said)}\n\nafter [a] [x]`)
        const inside = /^<p>before<\/p>\n<(blockquote|pre)>([\s\S]*)<\/\1>\n<p>after \[a\] \[x\]<\/p>$/.exec(
          rendered,
        )
        expect(inside).not.toBeNull()
        for (const [element] of inside![2]!.matchAll(/<[^>]*>/g)) expect(element).toMatch(HARMLESS)
        expect(text(inside![2]!)).not.toMatch(CONTROL)
      }),
      { numRuns: RUNS },
    )
  })

  test('of its line of code', () => {
    fc.assert(
      fc.property(hostile, (said) => {
        const rendered = html(`→ ${code(said)} end`)
        expect(rendered).toMatch(/^<p>→ (?:<code>[^<]*<\/code>)? ?end<\/p>$/)
        expect(rendered).not.toMatch(CONTROL)
      }),
      { numRuns: RUNS },
    )
  })

  test('of its section, whichever field it stands in', () => {
    const shapes: ((said: string) => unknown)[] = [
      (said) => ({ role: 'user', content: said }),
      (said) => ({ role: said, content: 'x', createdAt: said, model: said }),
      (said) => ({ role: 'assistant', content: '', parts: [{ type: 'reasoning', text: said }] }),
      (said) => ({
        role: 'assistant',
        parts: [{ type: 'tool-call', toolName: said, input: { [said]: said } }],
      }),
      (said) => ({
        role: 'tool',
        parts: [{ type: 'tool-result', toolName: said, output: { type: 'text', value: said } }],
      }),
      (said) => ({ role: 'user', parts: [{ type: 'file', mediaType: said, filename: said, data: said }] }),
      (said) => ({ role: 'user', parts: [{ type: said, data: said }] }),
      (said) => ({ lc: 1, type: 'constructor', id: ['x', `${said}Message`], kwargs: { content: said } }),
      (said) => ({
        type: 'assistant',
        message: { role: 'assistant', content: [{ type: 'thinking', thinking: said }] },
      }),
      (said) => ({ type: 'function_call', name: said, arguments: said }),
      (said) => ({ type: said, anything: [said, { deep: said }] }),
      (said) => ({
        role: 'assistant',
        parts: [
          {
            type: 'tool-call',
            toolName: 'edit',
            input: { path: said, oldText: `a\n${said}`, newText: said },
          },
          { type: 'tool-call', toolName: 'write', input: { path: said, content: said, [said]: said } },
          { type: 'tool-call', toolName: said, input: `*** Begin Patch\n*** Update File: ${said}\n+${said}` },
        ],
      }),
      (said) => said,
    ]
    fc.assert(
      fc.property(fc.constantFrom(...shapes), hostile, (shape, said) => {
        const rendered = html(page(shape(said), { role: 'user', content: 'last' }))
        expect(rendered).toMatch(/^<!-- forkpoint page 1 -->\n/)
        expect(rendered).toMatch(
          /<h2>1 user<\/h2>\n<blockquote>\n<p>last<\/p>\n<\/blockquote>(?:\n<p>— .*<\/p>)?\n?$/,
        )
        for (const [element] of rendered.slice(25).matchAll(/<[^>]*>/g)) expect(element).toMatch(HARMLESS)
        const outside = outsideOfQuotations(rendered)
        expect(outside.match(/<h\d>/g)?.length ?? 0).toBeLessThanOrEqual(2)
        expect(rendered).not.toMatch(CONTROL)
      }),
      { numRuns: RUNS },
    )
  })
})

/** Texts of many lines, of attacks and of what people write. */
const mixed = fc
  .array(
    fc.oneof(
      { weight: 2, arbitrary: hostile },
      fc.constantFrom(
        'Let me look at the file first.',
        '    const a = b[0] < 1 && c',
        '\tif (x) {',
        '- one\n- two\n  - three',
        '1. first\n\n   more of it',
        '# Heading',
        '| a | b |\n| - | - |',
        'a `code` and **bold** word',
        '```ts\nconst a = 1\n```',
        '~~~\nplain\n~~~',
        '> somebody said',
        '',
      ),
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((texts) => texts.join('\n'))

/** A line that stands on a page as it was said, also where others of its text have characters that are shown. */
const isPlain = (line: string): boolean => line !== '' && !CONTROL.test(line) && line.isWellFormed()

test('Whatever the texts of a turn are, they stay inside, and each line is as it was said', () => {
  fc.assert(
    fc.property(mixed, mixed, mixed, (asked, thought, given) => {
      const parts = [
        { type: 'reasoning', text: thought },
        { type: 'text', text: asked },
        { type: 'tool-call', toolName: 'write', input: { path: 'a', text: given, more: 'b\nc' } },
      ]
      const output = { type: 'text', value: given }
      const made = page(
        { role: 'user', content: asked },
        { role: 'assistant', parts },
        { role: 'tool', parts: [{ type: 'tool-result', toolName: 'write', output }] },
        { role: 'user', content: 'last' },
      )
      const lines = new Set(
        made.split('\n').flatMap((line) => [line, line.replace(/^> /, ''), line.slice(2)]),
      )
      for (const line of [asked, thought].flatMap((text) => text.split(/\r?\n/)))
        if (isPlain(line)) expect(lines).toContain(line)
      for (const line of given.split(/\r?\n/)) if (isPlain(line)) expect(made).toContain(line)
      const rendered = html(made)
      expect(rendered).toMatch(/<h2>3 user<\/h2>\n<blockquote>\n<p>last<\/p>\n<\/blockquote>\n?$/)
      for (const [element] of rendered.slice(25).matchAll(/<[^>]*>/g)) expect(element).toMatch(HARMLESS)
      expect(outsideOfQuotations(rendered).match(/<h\d>/g)?.length).toBe(3)
      expect(rendered).not.toMatch(CONTROL)
    }),
    { numRuns: RUNS },
  )
})

test('What a sub-agent says, and what a changed message was, stays inside as well', () => {
  fc.assert(
    fc.property(hostile, hostile, (said, other) => {
      const turn: Partial<PageTurn> = {
        items: [
          {
            index: 3,
            item: { role: 'user', content: said },
            before: { role: 'user', content: other },
            ...SOURCE,
          },
          { index: 4, item: { role: 'user', content: 'last' }, ...SOURCE },
        ],
        removed: [5, 6, 9],
        runs: [
          {
            run: { agent: { id: said, type: other, description: said }, source: {} },
            events: [
              { type: 'assistant', source: { fields: { message: { role: said, content: other } } } },
              { type: 'user', at: said, source: { fields: { message: { role: 'user', content: said } } } },
            ],
            ...SOURCE,
          },
          { run: { status: said, error: other, model: said }, events: [], ...SOURCE },
        ],
      }
      const rendered = html(pageWith(turn))
      for (const [element] of rendered.slice(25).matchAll(/<[^>]*>/g)) expect(element).toMatch(HARMLESS)
      expect(outsideOfQuotations(rendered).match(/<h\d>/g)?.length ?? 0).toBeLessThanOrEqual(5)
      expect(rendered).not.toMatch(CONTROL)
    }),
    { numRuns: RUNS },
  )
})

describe('A page', () => {
  test('has each line as it was said', () => {
    const said = 'She said "no\\tescape"\n\tif (a[0] < 1) {\n    <b>x</b>\n}'
    const made = page(
      { role: 'user', content: said },
      {
        role: 'assistant',
        parts: [{ type: 'tool-call', toolName: 'write', input: { path: 'a.ts', text: said } }],
      },
      {
        role: 'tool',
        parts: [{ type: 'tool-result', toolName: 'write', output: { type: 'json', value: { out: said } } }],
      },
    )
    for (const line of said.split('\n')) expect(made.split(line).length).toBe(4)
  })

  test('tells who said what, in order, with calls on one line where they are short', () => {
    const made = page(
      { role: 'user', content: 'Fix it', createdAt: '2025-11-03T09:12:40.000Z' },
      {
        role: 'assistant',
        content: 'Let me look.',
        model: 'some-model',
        parts: [
          { type: 'text', text: 'Let me look.' },
          { type: 'tool-call', toolName: 'bash', input: { command: 'ls' } },
        ],
      },
      {
        role: 'tool',
        content: 'a.txt',
        parts: [{ type: 'tool-result', toolName: 'bash', output: { type: 'error-text', value: 'a.txt' } }],
      },
    )
    expect(made).toBe(`<!-- forkpoint page 1 -->

## 0 user · 2025-11-03 09:12
> Fix it

## 1 assistant
> Let me look.

→ \`bash\` \`{"command":"ls"}\`

← \`bash\` failed \`a.txt\` · 2

— \`some-model\`
`)
  })

  test('shows an edit as a diff, and what was thought apart from what was said', () => {
    const input = { file_path: 'a.ts', old_string: 'one\ntwo\n', new_string: 'one\n2\n', replace_all: true }
    const parts = [
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'Now.' },
      { type: 'tool-call', toolName: 'Edit', input },
    ]
    expect(page({ role: 'assistant', parts })).toBe(`<!-- forkpoint page 1 -->

## 0 assistant
*thinking*
> hm

*says*
> Now.

→ \`Edit\` \`a.ts\` \`{"replace_all":true}\`
\`\`\`diff
 one
-two
+2
\`\`\`
`)
  })

  test('shows a changed message as it was and as it is, and removed ones by number', () => {
    const changed = (before: string, item: string) =>
      pageWith({
        items: [
          {
            index: 3,
            item: { role: 'user', content: item },
            before: { role: 'user', content: before },
            ...SOURCE,
          },
        ],
        removed: [4, 5, 6, 8],
      }).replace(/^.*\n/, '')
    expect(changed('Fix it', 'Mend it')).toBe(
      '\n*removed: 4 to 6, 8*\n\n## 3 user · changed\n*was*\n> Fix it\n\n*is*\n> Mend it\n',
    )
    expect(changed('one\ntwo', 'one\n2')).toContain('## 3 user · changed\n```diff\n one\n-two\n+2\n```\n')
    expect(changed('same', 'same')).toContain('*in what is not shown here*')
  })

  test('ends with model, tokens and time', () => {
    const run = {
      status: 'failed',
      error: { message: 'no answer' },
      model: 'some/model',
      startedAt: '2025-11-03T09:12:00.000Z',
      endedAt: '2025-11-03T09:15:05.000Z',
      usage: { inputTokens: 12345, outputTokens: 67, cachedInputTokens: 12000 },
    }
    const made = pageWith({ runs: [{ run, events: [], ...SOURCE }] }, { role: 'user', content: 'x' })
    expect(made).toMatch(
      /\n\n— `failed`: `no answer` · `some\/model` · 12,345 tokens in \(12,000 cached\), 67 out · 3 min 5 s\n$/,
    )
  })

  test('has what a sub-agent said', () => {
    const says = (role: string, content: unknown, at: string) => ({
      type: role,
      at,
      source: { fields: { message: { role, content } } },
    })
    const run = { id: 'a', agent: { id: 'a', type: 'Explore', description: 'Find it' }, source: {} }
    const events = [
      says('user', 'Where is it?', '2025-11-03T09:12:00.000Z'),
      says('assistant', [{ type: 'tool_use', id: 'c', name: 'Grep', input: { pattern: 'it' } }], 'x'),
      says('user', [{ type: 'tool_result', tool_use_id: 'c', content: 'a.ts' }], 'x'),
      says('assistant', 'In a.ts', '2025-11-03T09:13:00.000Z'),
    ]
    expect(
      pageWith({ runs: [{ run, events, ...SOURCE }] }, { role: 'user', content: 'x' }),
    ).toBe(`<!-- forkpoint page 1 -->

## 0 user
> x

## sub-agent \`Explore\` · \`Find it\`

### user · 2025-11-03 09:12
> Where is it?

### assistant
→ \`Grep\` \`{"pattern":"it"}\`

← \`Grep\` \`a.ts\`

### assistant · 09:13
> In a.ts
`)
  })

  test('cuts what a tool gave where it has a file of its own, at the end of a line', () => {
    const line = `${'x'.repeat(99)}\n`
    const made = page({
      role: 'tool',
      parts: [{ type: 'tool-result', toolName: 'cat', output: { type: 'text', value: line.repeat(50) } }],
    })
    expect(made).toContain('Cut here; the whole is in `000000-x.1.txt`.')
    expect(made.match(/x{99}/g)?.length).toBe(40)
    expect(page({ role: 'user', content: line.repeat(50) }).match(/x{99}/g)?.length).toBe(50)
  })

  test.each([
    [
      'LangChain',
      {
        lc: 1,
        type: 'constructor',
        id: ['a', 'AIMessage'],
        kwargs: { content: 'said', tool_calls: [{ name: 'look', args: { at: 'it' } }] },
      },
      ['## 0 ai', '> said', '→ `look` `{"at":"it"}`'],
    ],
    [
      'LangChain tool',
      {
        lc: 1,
        type: 'constructor',
        id: ['a', 'ToolMessage'],
        kwargs: { content: 'seen', name: 'look', status: 'error' },
      },
      ['← `look` failed', 'seen'],
    ],
    [
      'OpenAI call',
      { type: 'function_call', name: 'look', arguments: '{"at":"it"}' },
      ['→ `look` `{"at":"it"}`'],
    ],
    [
      'OpenAI result',
      { type: 'function_call_result', name: 'look', output: { type: 'text', text: 'seen' } },
      ['← `look`', 'seen'],
    ],
    [
      'OpenAI reasoning',
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }] },
      ['## 0 assistant · thinking', '> hm'],
    ],
    [
      'OpenAI message',
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'said' }] },
      ['## 0 user', '> said'],
    ],
    [
      'Claude',
      {
        type: 'user',
        message: {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: 'x', content: [{ type: 'text', text: 'seen' }] }],
        },
        timestamp: '2025-11-03T09:12:40.000Z',
      },
      ['← `seen` · 0'],
    ],
    [
      'UI',
      {
        id: 'm',
        role: 'assistant',
        parts: [
          { type: 'step-start' },
          { type: 'tool-look', state: 'output-available', input: { at: 'it' }, output: { found: true } },
        ],
      },
      ['→ `look` `{"at":"it"}`', '{"found":true}'],
    ],
  ])('reads the messages of %s', (_, item, lines) => {
    for (const line of lines) expect(page(item)).toContain(line)
  })

  test('is made of any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (item) => void page(item)),
      { numRuns: 1000 },
    )
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom(
            'role',
            'type',
            'content',
            'parts',
            'message',
            'lc',
            'id',
            'kwargs',
            'output',
            'name',
            'summary',
            'text',
          ),
          fc.oneof(
            fc.jsonValue(),
            fc.constantFrom('tool-result', 'tool-call', 'image', 'constructor', 'function_call', 'reasoning'),
          ),
        ),
        (item) => void page(item, { role: 'x', parts: [item] }),
      ),
      { numRuns: 1000 },
    )
  })
})
