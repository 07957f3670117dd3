/** The tools whose sessions can be imported. */
import { claudeCode } from './claude-code/index.ts'
import type { Importer } from './importer.ts'

export const IMPORTERS: readonly Importer[] = [claudeCode]
