/** Shows the tree of branches: a click opens a checkpoint, two marked checkpoints are compared. */
import { useState } from 'preact/hooks'
import type { Node, Tree } from '../../wire.ts'
import { SessionTab } from '../conversation/session/session-tab.tsx'
import { titleOf } from '../conversation/turns/turn-head.tsx'
import { data } from '../data.ts'
import { go, hashOf, type Route, sessionAt } from '../route.ts'
import { NameChip } from '../shell/icon.tsx'
import { useKeys } from '../shell/keys.ts'
import { Loaded, useLoaded } from '../shell/loading.tsx'
import { stepFocus } from '../shell/step.ts'
import { count, shortId, when } from '../text/format.ts'
import { shownLine } from '../text/plain.tsx'
import { layoutOf } from './layout.ts'
import { Picture, ROW, widthOf } from './picture.tsx'

export function BranchesPage({ session }: Extract<Route, { view: 'branches' }>) {
  const tree = useLoaded(session, () => data.tree(session))
  useKeys([{ key: 'b', about: 'conversation', run: () => go(sessionAt(session)) }])
  return (
    <SessionTab session={session} tab="branches" about="Branches" saved={tree.reload}>
      {() => <Loaded of={tree}>{(nodes) => <TreeView tree={nodes} session={session} />}</Loaded>}
    </SessionTab>
  )
}

function TreeView({ tree, session }: { tree: Tree; session: string }) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const [marked, mark] = useState<readonly string[]>([])
  const layout = layoutOf(tree, open)
  const toggle = (id: string) =>
    mark(marked.includes(id) ? marked.filter((one) => one !== id) : [...marked.slice(-1), id])
  const compare = () => {
    const [from, to] = marked
    if (from !== undefined && to !== undefined)
      go({ view: 'compare', from: { session, at: shortId(from) }, to: { session, at: shortId(to) } })
  }
  useKeys([
    { key: 'j', about: 'next checkpoint', run: () => stepFocus('.tree-link', 1) },
    { key: 'k', about: 'previous checkpoint', run: () => stepFocus('.tree-link', -1) },
    { key: 'x', about: 'mark the checkpoint, to compare two', run: () => markFocused(toggle) },
    { key: 'c', about: 'compare the two that are marked', run: compare },
  ])
  const lane = widthOf(layout.lanes)
  return (
    <div class="tree-page">
      <p class="quiet tree-hint">
        {count(tree.branches.length, 'branch').replace('branchs', 'branches')},{' '}
        {count(tree.nodes.length, 'checkpoint')}. Mark two to compare them.
        {marked.length === 2 && (
          <button type="button" class="small" onClick={compare}>
            Compare {marked.map(shortId).join(' and ')}
          </button>
        )}
      </p>
      <div class="tree" style={{ '--lanes': `${lane}px`, '--row': `${ROW}px` }}>
        <Picture
          layout={layout}
          marked={marked}
          openNode={(node) => go(sessionAt(session, shortId(node.id)))}
          openStretch={(id) => setOpen(new Set([...open, id]))}
        />
        <ol class="tree-rows">
          {layout.rows.map((row) =>
            row.kind === 'stretch' ? (
              <li key={row.nodes[0]!.id} class="tree-row">
                <button
                  type="button"
                  class="tree-link stretch"
                  onClick={() => setOpen(new Set([...open, row.nodes[0]!.id]))}
                >
                  {count(row.nodes.length, 'turn')} in between
                </button>
              </li>
            ) : (
              <li key={row.node.id} class={marked.includes(row.node.id) ? 'tree-row marked' : 'tree-row'}>
                <NodeRow
                  node={row.node}
                  tree={tree}
                  session={session}
                  isMarked={marked.includes(row.node.id)}
                  toggle={toggle}
                />
              </li>
            ),
          )}
        </ol>
      </div>
    </div>
  )
}

interface NodeRowProps {
  node: Node
  tree: Tree
  session: string
  isMarked: boolean
  toggle: (id: string) => void
}

function NodeRow({ node, tree, session, isMarked, toggle }: NodeRowProps) {
  const heads = tree.branches.filter(({ head }) => head === node.id)
  const tags = tree.tags.filter(({ checkpoint }) => checkpoint === node.id)
  return (
    <>
      <a class="tree-link" data-id={node.id} href={hashOf(sessionAt(session, shortId(node.id)))}>
        <span class="tree-title">{shownLine(titleOf(node))}</span>
        {heads.map(({ name, active }) => (
          <NameChip kind="branch" name={name} active={active} />
        ))}
        {tags.map(({ name }) => (
          <NameChip kind="tag" name={name} />
        ))}
        {node.kind === 'fork' && <span class="chip">fork</span>}
        <span class="tree-facts">
          <code>{shortId(node.id)}</code> <time dateTime={node.createdAt}>{when(node.createdAt)}</time>
        </span>
      </a>
      <label class="tree-mark">
        <input type="checkbox" checked={isMarked} onChange={() => toggle(node.id)} />
        <span class="unseen">compare {shortId(node.id)}</span>
      </label>
    </>
  )
}

function markFocused(toggle: (id: string) => void): void {
  const { id } = (document.activeElement as HTMLElement | null)?.dataset ?? {}
  if (id !== undefined) toggle(id)
}
