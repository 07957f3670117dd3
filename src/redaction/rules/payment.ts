/** Keys of payment and shop services. */

import type { TableRule } from '../rule.ts'
import { token } from './format.ts'

export const PAYMENT: readonly TableRule[] = [
  token(
    'stripe',
    ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_'],
    '[A-Za-z0-9]{16,247}',
    'sk_live_{w24}',
    'rk_test_{w99}',
  ),
  token('stripe-webhook', 'whsec_', '[A-Za-z0-9+/]{32,64}={0,2}', 'whsec_{w32}'),
  token('square', ['sq0csp-', 'sq0atp-', 'EAAA'], '[\\w-]{22,64}', 'sq0csp-{b43}', 'EAAA{b60}'),
  token(
    'braintree',
    'access_token$',
    '(?:production|sandbox)\\$[0-9a-z]{16}\\$[0-9a-f]{32}',
    'access_token$production${h16}${h32}',
  ),
  token('shopify', ['shpat_', 'shpca_', 'shppa_', 'shpss_'], '[0-9a-fA-F]{32}', 'shpat_{h32}'),
  token('razorpay', ['rzp_live_', 'rzp_test_'], '[A-Za-z0-9]{14,24}', 'rzp_live_{w14}'),
  token('flutterwave', ['FLWSECK-', 'FLWSECK_TEST-'], '[0-9a-zA-Z]{32,36}-X', 'FLWSECK_TEST-{h32}-X'),
  token('shippo', ['shippo_live_', 'shippo_test_'], '[0-9a-f]{40}', 'shippo_live_{h40}'),
]
