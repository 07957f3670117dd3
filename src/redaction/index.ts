/** Keeps secrets and personal data out of stores: `forkpoint/redaction`. */
export { type PersonalOptions, redactPersonal } from './personal.ts'
export type { Path, Redact } from './redact.ts'
export { type Rule, RuleError } from './rule.ts'
export { type Allowed, type RedactedSecret, redactSecrets, type SecretOptions } from './secrets.ts'
export { redactTexts, type TextOptions } from './texts.ts'
