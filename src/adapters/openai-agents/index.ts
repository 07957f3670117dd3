/**
 * Sessions of the OpenAI Agents SDK in git: `run(agent, input, { session })` with a history that can be read,
 * resumed and branched. Needs `@openai/agents-core`, which `@openai/agents` installs.
 */
export type { StoreOrFolder } from '../store-or-folder.ts'
export { type AgentsDocument, type AgentsSessionOptions, ForkpointAgentsSession } from './agents-session.ts'
export type { AnyAgent, RestoreOptions } from './waiting-run.ts'
