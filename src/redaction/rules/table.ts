/** All rules of our own, written from the providers' public descriptions of their tokens. The first to find wins. */

import type { TableRule } from '../rule.ts'
import { CHAT } from './chat.ts'
import { CLOUD } from './cloud.ts'
import { CODE } from './code.ts'
import { GENERIC } from './generic.ts'
import { MODELS } from './models.ts'
import { PAYMENT } from './payment.ts'

export const TABLE: readonly TableRule[] = [...MODELS, ...CLOUD, ...CODE, ...CHAT, ...PAYMENT, ...GENERIC]
