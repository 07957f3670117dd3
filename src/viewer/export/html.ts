/** Exports a session as one standalone HTML file: the page of `forkpoint view` with its data. */
import { fileData, LONG_TEXT, shownItem } from '../answers/shown.ts'
import { pageFile } from '../page-file.ts'
import type { Exported, StoreInfo } from '../wire.ts'
import type { Reading } from './reading.ts'

export type Clean = (value: unknown) => Promise<unknown>

/**
 * @param files what the turns changed in the files, by the turn's checkpoint
 * @param clean removes secrets
 */
export async function htmlOf(
  { view, items }: Reading,
  files: Exported['files'],
  info: StoreInfo,
  clean: Clean,
): Promise<string> {
  const { turns, start, messages: end } = view
  const messages = items
    .slice(start, end)
    .map((item, index) => shownItem(item, start + index, { longest: LONG_TEXT, file: fileData }))
  const exported: Exported = {
    info,
    view: { ...view, turns, branches: [], files: Object.keys(files).length > 0, runs: [] },
    messages,
    files,
  }
  const { html, policy } = pageFile({ alone: true })
  // No text in it can end the script element or begin another one.
  const json = JSON.stringify(await clean(exported)).replaceAll('<', '\\u003c')
  return html
    .replace('<head>', () => `<head>\n<meta http-equiv="content-security-policy" content="${policy}">`)
    .replace(
      '<div id="app">',
      () => `<script type="application/json" id="exported">${json}</script>\n<div id="app">`,
    )
}
