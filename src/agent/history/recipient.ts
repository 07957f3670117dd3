/** The model that a history is sent to: providers accept different things. */
import type { ProviderType } from '../config/config.ts'

export interface Recipient {
  /** `provider/model`. */
  ref: string
  /** `undefined` for the user's own model, which gets everything that it may support. */
  protocol: ProviderType | undefined
  /** Whether it is offered tools; a model without tools may not accept calls in the history either. */
  tools: boolean
}
