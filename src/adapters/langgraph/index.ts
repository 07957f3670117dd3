/** Checkpointer of LangGraph JS on a git store. See `docs/adapters/langgraph.md`. */
export type { StoreOrFolder } from '../store-or-folder.ts'
export type { NewBranch } from './root-line.ts'
export { ForkpointSaver, type ForkpointSaverOptions, type ThreadDocument } from './saver.ts'
