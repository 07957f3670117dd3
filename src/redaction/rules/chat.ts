/** Tokens of chat and mail services. */

import type { TableRule } from '../rule.ts'
import { token } from './format.ts'

export const CHAT: readonly TableRule[] = [
  token(
    'slack',
    ['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxe-', 'xoxo-', 'xoxe.', 'xoxc-', 'xoxd-', 'xapp-'],
    '[A-Za-z0-9%.-]{20,300}',
    'xoxb-{d12}-{d13}-{w24}',
    'xoxp-{d12}-{d12}-{d13}-{h32}',
    'xapp-1-A{U10}-{d13}-{h64}',
  ),
  {
    id: 'slack-webhook',
    keywords: ['hooks.slack.com/'],
    expression: /hooks\.slack\.com\/(?:services|workflows|triggers)\/(?<secret>[A-Za-z0-9+/]{30,80})/,
    anchored: true,
    match: ['https://hooks.slack.com/services/T{U10}/B{U10}/{w24}'],
  },
  {
    id: 'discord-webhook',
    keywords: ['/api/webhooks/'],
    expression: /\/api\/webhooks\/[0-9]{17,20}\/(?<secret>[\w-]{60,80})/,
    anchored: true,
    match: ['https://discord.com/api/webhooks/100000000000000001/{b68}'],
  },
  {
    id: 'teams-webhook',
    keywords: ['/IncomingWebhook/'],
    expression: /\/IncomingWebhook\/(?<secret>[0-9a-f]{32}\/[0-9a-f-]{36})/,
    anchored: true,
    match: ['https://a.webhook.office.com/webhookb2/x/IncomingWebhook/{h32}/{h8}-{h4}-{h4}-{h4}-{h12}'],
  },
  {
    id: 'telegram',
    keywords: [':AA'],
    expression: /(?<![0-9])[0-9]{8,10}:AA[\w-]{32,33}(?![\w-])/,
    anchored: true,
    ahead: [10, 9, 8],
    match: ['{d10}:AA{b33}'],
  },
  token('sendgrid', 'SG.', '[\\w-]{22}\\.[\\w-]{43}', 'SG.{b22}.{b43}'),
  token('mailgun', 'key-', '[0-9a-f]{32}', 'key-{h32}'),
  token('brevo', ['xkeysib-', 'xsmtpsib-'], '[0-9a-f]{64}-[A-Za-z0-9]{16}', 'xkeysib-{h64}-{w16}'),
  token('resend', 're_', '[A-Za-z0-9]{8}_[A-Za-z0-9]{24}', 're_{w8}_{w24}'),
  token('twilio', 'SK', '[0-9a-f]{32}', 'SK{h32}'),
  {
    id: 'mailchimp',
    keywords: ['-us'],
    expression: /(?<![0-9a-f])[0-9a-f]{32}-us[0-9]{1,2}(?![0-9a-z])/,
    anchored: true,
    ahead: [32],
    match: ['{h32}-us14'],
  },
]
