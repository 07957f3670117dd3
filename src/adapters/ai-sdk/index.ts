/** `forkpoint/adapters/ai-sdk`: chats of the AI SDK's `useChat`, with branches. `docs/adapters/ai-sdk.md`. */
import type { UIMessage } from 'ai'
import { adapterStore, type StoreOrFolder } from '../store-or-folder.ts'
import { type AnyMessage, CHAT_TYPE, type ChatDocument, ChatStore } from './chat-store.ts'
import type { MessageSchemas } from './message-check.ts'

export type { StoreOrFolder } from '../store-or-folder.ts'
export {
  type AnyMessage,
  CHAT_TYPE,
  type Chat,
  type ChatDocument,
  ChatStore,
  type SaveChatOptions,
  type Sibling,
  type Siblings,
} from './chat-store.ts'
export type { MessageSchemas } from './message-check.ts'
export type { ChatTrigger } from './turn.ts'

/**
 * Stores the chats of `useChat`: `load` and `save` chats, one commit per turn.
 *
 * @param schemas `tools`, `metadataSchema` and `dataSchemas` of `validateUIMessages`. A copy of new messages is
 *   validated with them before a save. For another version of the AI SDK than 6, also its `safeValidateUIMessages`
 *
 *     const chats = chatStore('./chats')
 *     const messages = await chats.load(id)
 *     …
 *     onFinish: async ({ messages }) => void (await chats.save({ chatId: id, messages, trigger, messageId }))
 *
 * Throws TypeError if the first argument is neither a `GitSessionStore` nor the path of a folder.
 */
export function chatStore<M extends AnyMessage = UIMessage>(
  storeOrFolder: StoreOrFolder,
  schemas: MessageSchemas = {},
): ChatStore<M> {
  const store = adapterStore<ChatDocument<M>>(storeOrFolder, { type: CHAT_TYPE, collections: ['messages'] })
  return new ChatStore<M>(store, schemas)
}
