// @ts-check
/** Sessions of a tool of your own: registered, found by themselves, imported turn by turn, and written out again. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GitSessionStore } from 'forkpoint'
import { exportSession, IMPORTERS, importAnyFolder, registerImporter } from 'forkpoint/importers'
import diary from './own-importer/diary.js'
import { inTemporaryFolder } from './temporary-folder.js'

await inTemporaryFolder(async (folder) => {
  registerImporter(diary)
  const lines = [
    { at: 1767323045000, who: 'me', said: 'Where does the river go?' },
    { at: 1767323046000, who: 'it', said: 'To the sea.' },
    { at: 1767323047000, who: 'me', said: 'And then?' },
  ]
  await writeFile(join(folder, 'river.diary'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''))

  const store = new GitSessionStore(join(folder, 'sessions'))
  for await (const result of importAnyFolder(IMPORTERS, folder, store)) {
    if (result.error === undefined) console.log(`${result.tool}: ${result.session}, ${result.turns} turns`)
  }
  for await (const { id, subject } of store.log('river')) console.log(`${id.slice(0, 10)}  ${subject}`)
  const { main } = await exportSession(diary, store, 'river')
  console.log(main.lines.at(-1))
  await store.close()
})
