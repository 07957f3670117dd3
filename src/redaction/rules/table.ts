/**
 * All built-in rules, written from the providers' public descriptions of their tokens. Earlier rules have precedence.
 */

import type { TableRule } from '../rule.ts'
import { CHAT } from './chat.ts'
import { CLOUD } from './cloud.ts'
import { CODE } from './code.ts'
import { GENERIC } from './generic.ts'
import { MODELS } from './models.ts'
import { PAYMENT } from './payment.ts'

export const TABLE: readonly TableRule[] = [...MODELS, ...CLOUD, ...CODE, ...CHAT, ...PAYMENT, ...GENERIC]
