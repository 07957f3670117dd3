/** Who a history is sent to: what one provider takes, another refuses. */
import type { ProviderType } from '../config/config.ts'

export interface Recipient {
  /** `provider/model`. */
  ref: string
  /** `undefined` for a model of the user's own: it is given what it may know. */
  protocol: ProviderType | undefined
  /** Whether it is offered tools; who is not may not take calls of them either. */
  tools: boolean
}
