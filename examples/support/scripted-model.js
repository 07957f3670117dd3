// @ts-check
/** A model that answers from a script, on this machine: examples run offline and say the same each time. */
import { ModelServer } from '../../test/support/model-server.mjs'

/**
 * @param {import('../../test/support/model-server.mjs').Script} script
 * @param {(config: import('forkpoint/agent').ConfigInput, server: ModelServer) => Promise<void>} work
 */
export async function withModel(script, work) {
  const server = await ModelServer.start(script)
  try {
    const providers = { local: { base_url: server.url, models: { scripted: {} } } }
    await work({ default_model: 'local/scripted', providers }, server)
  } finally {
    await server.close()
  }
}
