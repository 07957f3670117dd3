/** Names that blocks of code in the docs use without declaring them: the text says where they come from, or a block above does. */

/** Declarations for a page, without line feeds, so that the lines of the page keep their numbers. */
export const namesOf = (page: string): string => (NAMES[page] ?? '').replaceAll('\n', ' ')

const AGENT = `
declare const agent: import('forkpoint').Agent;
declare const session: import('forkpoint').AgentSession;`

const NAMES: Record<string, string> = {
  'README.md': `
declare const store: import('forkpoint').GitSessionStore;`,
  'docs/agent.md': `${AGENT}
import { readFile } from 'node:fs/promises';
declare const pdf: Uint8Array;
declare const signal: AbortSignal;
declare const show: (text: string) => void;
declare const askSomebody: (tool: string, input: unknown) => Promise<boolean>;`,
  'docs/workspace.md': `${AGENT}
declare const store: import('forkpoint').GitSessionStore;
declare const run: { id: string };
declare const state: import('forkpoint').Session;`,
  'docs/fleet.md': `
declare const token: string;
declare const messages: [];`,
  'docs/sharing.md': `
declare const token: string;
declare const message: import('forkpoint').Message;`,
  'docs/own-store.md': `
import type { Blobs } from 'forkpoint/store';
import type { SessionStore } from 'forkpoint';
declare const MyBlobs: new () => Blobs;
declare const MyStore: new (options: unknown) => SessionStore;`,
  'docs/adapters/ai-sdk.md': `
import type { LanguageModel, ToolSet, UIMessage } from 'ai';
import { safeValidateUIMessages } from 'ai';
declare const chats: ReturnType<typeof chatStore>;
declare const id: string;
declare const message: UIMessage;
declare const messages: UIMessage[];
declare const model: Exclude<LanguageModel, string>;
declare const tools: ToolSet;
declare const metadataSchema: undefined;
declare const dataSchemas: undefined;
declare let label: string;
declare let onNext: () => unknown;
declare const text: string;
declare const setMessages: (messages: UIMessage[]) => void;
declare const sendMessage: (message: { text: string }, options: { body: object }) => void;`,
  'docs/adapters/claude-agent.md': `
import { randomUUID } from 'node:crypto';
declare const sessionStore: ForkpointClaudeStore;
declare const sessionId: string;
declare const id: string;
declare const prompt: string;`,
  'docs/adapters/langgraph.md': `
import { StateGraph, MessagesAnnotation } from '@langchain/langgraph';
import { HumanMessage } from '@langchain/core/messages';
declare const saver: ForkpointSaver;
declare const builder: StateGraph<typeof MessagesAnnotation>;
declare const graph: ReturnType<typeof builder.compile>;`,
  'docs/adapters/openai-agents.md': `
declare const agent: Agent;
declare const session: ForkpointAgentsSession;`,
}
