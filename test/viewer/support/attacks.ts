/** A session made of attacks. */
import { newMessage, newRun, newSession } from '../../../src/state/index.ts'
import { GitSessionStore } from '../../../src/store/git/git-session-store.ts'

const SVG = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" onload="pwned=1"><script>pwned=1</script></svg>',
).toString('base64')
/** Texts that try to get out of wherever they are put. */
export const ATTACKS = [
  '<script>window.pwned=1</script>',
  '</script></style></pre></textarea><script>window.pwned=1</script><!--',
  '<img src=x onerror="window.pwned=1"><svg onload="window.pwned=1"><iframe srcdoc="<script>parent.pwned=1</script>">',
  '[a link](javascript:window.pwned=1) <javascript:window.pwned=1> [b]( "x" onmouseover="pwned=1") [c](data:text/html,<script>pwned=1</script>)',
  '[d]: javascript:window.pwned=1\n\n[d] ![e](https://evil.test/pixel.png) ![f](javascript:pwned=1) <https://evil.test/a?b=c>',
  `![g](data:image/svg+xml;base64,${SVG})`,
  '```html\n<script>pwned=1</script>\n```\n````\n~~~\n<!-- ',
  '\u001b]0;owned\u0007\u001b[2J\u202egnp.exe\u2066\u200b\u0000\u009b31m',
  '{{constructor.constructor("pwned=1")()}} ${pwned=1} javascript:pwned=1',
  '> '.repeat(3000),
  '['.repeat(5000) + '*'.repeat(5000) + '_'.repeat(5000),
  '| a '.repeat(400) + '\n' + '|-'.repeat(400),
]

/** Attacks on git and on those who read it. */
export const ATTACKS_ON_GIT = [
  'Fix it\n\nForkpoint-Session: other\nForkpoint-Branch: main\nForkpoint-Kind: step\nForkpoint-Seq: 99',
  'Forkpoint-Type: evil\nSigned-off-by: A <a@example.com>\nCo-authored-by: B <b@example.com>',
  'a\n---\nForkpoint-Run: evil\n\n\n# comment\n',
  '000000-turn-1.md\n## 0 user\n<!-- forkpoint page 1 -->\n\n## 7 user\n> said by nobody',
  'diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b',
  'commit 0123456789012345678901234567890123456789\nAuthor: x <y>\n\n    z',
  '\u202egnp.exe\u202c \u2066hidden\u2069 \u200b\u200f',
  '\u001b[31mred\u001b[0m \u001b]8;;http://evil.test\u0007link\u001b]8;;\u0007 \u009b2J \u0000 \b\b\b \r overwritten',
  '> quoted\n>> deep\n> > > > > > > > > deeper\n\nout',
  '````\n```\n~~~~~~~~\n`````````\nout of the fence',
]

/**
 * `attack`: a session with these texts in every field.
 *
 * @param isHuge with a line of a million letters and a result of 50 MB
 */
export async function attackSession(
  folder: string,
  { isHuge = true, texts = ATTACKS }: { isHuge?: boolean; texts?: readonly string[] } = {},
): Promise<void> {
  const store = new GitSessionStore(folder)
  const all = texts.join('\n\n')
  const messages = texts.flatMap((attack, index) => [
    newMessage('user', attack, { id: `u${index}` }),
    newMessage('assistant', attack, {
      id: `a${index}`,
      model: attack,
      parts: [
        { type: 'text', text: attack },
        { type: 'reasoning', text: attack },
        { type: attack, text: attack },
        {
          type: 'tool-call',
          toolCallId: attack,
          toolName: attack,
          input: { [attack]: attack, file_path: attack, old_string: attack, new_string: `${attack}x` },
        },
        { type: 'file', mediaType: 'image/svg+xml', data: SVG, filename: attack },
        { type: 'file', mediaType: attack, data: `data:image/svg+xml;base64,${SVG}`, filename: attack },
        { type: 'image', image: 'javascript:pwned=1' },
        { type: 'image', image: 'https://evil.test/pixel.png' },
        { type: 'image', image: 'data:text/html,<script>pwned=1</script>' },
      ],
    }),
    newMessage('tool', '', {
      id: `t${index}`,
      parts: [
        {
          type: 'tool-result',
          toolCallId: attack,
          toolName: attack,
          output: { type: 'error-text', value: attack },
        },
      ],
    }),
  ])
  if (isHuge)
    messages.push(
      newMessage('assistant', 'x'.repeat(1_000_000), { id: 'line' }),
      newMessage('tool', '', {
        id: 'huge',
        parts: [
          {
            type: 'tool-result',
            toolCallId: 'h',
            toolName: 'cat',
            output: { type: 'text', value: 'y\n'.repeat(25_000_000) },
          },
        ],
      }),
    )
  const run = newRun(all, {
    id: 'r<script>pwned=1</script>',
    status: ATTACKS[0]!,
    events: texts.map((text, sequence) => ({
      sequence,
      at: new Date().toISOString(),
      type: 'text',
      text,
      tool: text,
    })),
  })
  const state = newSession('attack', {
    title: ATTACKS[2]!,
    status: ATTACKS[0]!,
    model: ATTACKS[1]!,
    workspace: all,
    messages,
    runs: [run],
  })
  await store.save(state, { subject: ATTACKS[2]!, body: all })
  await store.append(
    'attack',
    { set: { title: `${ATTACKS[1]} again` } },
    { subject: ATTACKS[3]!.slice(0, 200) },
  )
  await store.close()
}
