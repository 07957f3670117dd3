// @ts-check
/**
 * What every way to keep a session can do here. Each is used as its own documentation says, with its own defaults;
 * what that means for durability stands in `durable`.
 *
 * @typedef {import('../workload.mjs').Message} Message
 *
 * @typedef {object} Saver One session that grows turn by turn.
 * @property {(turn: readonly Message[]) => Promise<void>} save makes the session with this turn added safe
 * @property {() => Promise<void>} close
 *
 * @typedef {object} Contender
 * @property {string} durable what an acknowledged save survives
 * @property {(folder: string, session: string) => Promise<Saver>} open the folder is there and empty, or was opened before
 */
export {}
