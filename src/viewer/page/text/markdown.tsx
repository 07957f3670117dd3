/** Renders Markdown as elements. HTML is shown as text, links show their target, and external images become links. */
import type { Nodes, Parents } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'
import type { ComponentChild } from 'preact'
import { Code } from './code.tsx'
import { memo } from './memo.ts'
import { Plain, shown, shownLine } from './plain.tsx'

/** Longer text is shown without rendering. */
const LONGEST = 60_000
const DEEPEST = 24

export const Markdown = memo(({ text }: { text: string }) => {
  const tree = parsed(text)
  if (tree === undefined)
    return (
      <div class="plain">
        <Plain text={text} />
      </div>
    )
  return <div class="markdown">{children(tree, 0)}</div>
})

function parsed(text: string): Nodes | undefined {
  if (text.length > LONGEST || /(?:>[ \t]*){16}|(?:[[!*_]){200}/.test(text)) return undefined
  try {
    return fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] })
  } catch {
    return undefined
  }
}

function children(parent: Nodes, depth: number): ComponentChild {
  if (depth > DEEPEST) return <Plain text={textIn(parent)} />
  return 'children' in parent ? parent.children.map((node) => element(node, depth + 1)) : null
}

function element(node: Nodes, depth: number): ComponentChild {
  const inner = () => children(node, depth)
  switch (node.type) {
    case 'text':
      return shown(node.value)
    case 'paragraph':
      return <p>{inner()}</p>
    case 'heading':
      // Not heading elements, since the page has its own headings above.
      return <p class={`heading level-${node.depth}`}>{inner()}</p>
    case 'emphasis':
      return <em>{inner()}</em>
    case 'strong':
      return <strong>{inner()}</strong>
    case 'delete':
      return <del>{inner()}</del>
    case 'inlineCode':
      return <code>{shownLine(node.value)}</code>
    case 'code':
      return <Code text={node.value} language={node.lang ?? undefined} />
    case 'blockquote':
      return <blockquote>{inner()}</blockquote>
    case 'list':
      return node.ordered === true ? <ol start={node.start ?? 1}>{inner()}</ol> : <ul>{inner()}</ul>
    case 'listItem':
      return (
        <li class={typeof node.checked === 'boolean' ? 'task' : undefined}>
          {typeof node.checked === 'boolean' && (node.checked ? '☑ ' : '☐ ')}
          {inner()}
        </li>
      )
    case 'thematicBreak':
      return <hr />
    case 'break':
      return <br />
    case 'table': {
      const [head, ...rows] = node.children
      return (
        <div class="table" role="group" aria-label="table" tabIndex={0}>
          <table>
            <thead>
              <tr>
                {head?.children.map((cell) => (
                  <th scope="col">{children(cell, depth)}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr>
                  {row.children.map((cell) => (
                    <td>{children(cell, depth)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )
    }
    case 'link':
      return (
        <Link url={node.url} text={textIn(node)}>
          {inner()}
        </Link>
      )
    case 'image':
      return <Link url={node.url} text="">{`image: ${shownLine(node.alt ?? '')}`}</Link>
    case 'linkReference':
    case 'imageReference':
      return <>[{node.type === 'linkReference' ? inner() : shownLine(node.alt ?? '')}]</>
    case 'footnoteReference':
      return <sup>{shownLine(node.identifier)}</sup>
    case 'definition':
      return (
        <p class="plain">
          [{shownLine(node.label ?? '')}]: {shownLine(node.url)}
        </p>
      )
    case 'footnoteDefinition':
      return (
        <div class="footnote">
          <sup>{shownLine(node.identifier)}</sup> {inner()}
        </div>
      )
    case 'html':
      return <code class="html">{shown(node.value)}</code>
    default:
      return 'value' in node && typeof node.value === 'string' ? shown(node.value) : inner()
  }
}

/** A link whose target is visible; only to web and mail addresses. */
export function Link({
  url,
  text,
  children: inner,
}: {
  url: string
  text: string
  children: ComponentChild
}) {
  const shownUrl = shownLine(url)
  const isShown = text === url || `mailto:${text}` === url || text === url.replace(/^https?:\/\//, '')
  if (!/^(?:https?:\/\/|mailto:)/i.test(url) || !URL.canParse(url))
    return (
      <span class="no-link">
        {inner} <span class="target">({shownUrl})</span>
      </span>
    )
  return (
    <>
      <a href={url} target="_blank" rel="noopener noreferrer nofollow" title={shownUrl}>
        {inner}
      </a>
      {!isShown && (
        <span class="target"> ({shownUrl.length > 80 ? `${shownUrl.slice(0, 80)}…` : shownUrl})</span>
      )}
    </>
  )
}

function textIn(node: Nodes | Parents): string {
  if ('value' in node && typeof node.value === 'string') return node.value
  return 'children' in node ? node.children.map(textIn).join('') : ''
}
