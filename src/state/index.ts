/** Sessions as documents: their schema, validation and migration. */
export { checkDocument, checkMessage, checkRun, checkSession, type StatePath } from './check.ts'
export { migrate } from './migrations.ts'
export { textOfParts } from './parts.ts'
export {
  eventSchema,
  type Message,
  type MessagePart,
  messageSchema,
  newMessage,
  newRun,
  newSession,
  partSchema,
  type Role,
  type Run,
  type RunEvent,
  runSchema,
  SCHEMA_VERSION,
  type Session,
  sessionSchema,
  type Usage,
  usageSchema,
} from './session.ts'
