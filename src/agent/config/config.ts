/** A configuration: providers, their models, and the defaults of agents. */

import { ConfigError, type ConfigLocation } from '../errors.ts'
import { type Environment, MissingVariable, type ParsedConfig, parseConfig } from './parser.ts'

export type ProviderType = 'openai-compatible' | 'anthropic'

/** The shape of `config.acl` as an object. Unknown keys are allowed everywhere and ignored. */
export interface ConfigInput {
  /** `provider/model`. May be left out when there is only one model. */
  default_model?: string
  system_prompt?: string
  /** Maximum number of model calls per turn. Default 50. */
  max_steps?: number
  providers?: Readonly<Record<string, ProviderInput>>
}

export interface ProviderInput {
  /** Default: `anthropic` for a provider of that name, else `openai-compatible`. */
  type?: ProviderType
  api_key?: string
  /** Up to and with the version, such as `https://api.openai.com/v1`. */
  base_url?: string
  headers?: Readonly<Record<string, string>>
  /** Models by the provider's ids. If there are none, every id may be used. */
  models?: Readonly<Record<string, ModelInput>>
}

export interface ModelInput {
  /** Name to show to people. */
  name?: string
  /** The id sent to the provider. Default: the label. */
  id?: string
  /** Whether it can call tools. Default true. */
  tool_call?: boolean
  /** Whether answers are streamed. Default true. */
  streaming?: boolean
  max_output_tokens?: number
  temperature?: number
}

export interface ProviderConfig {
  name: string
  type: ProviderType
  apiKey: string | undefined
  baseUrl: string | undefined
  headers: Readonly<Record<string, string>>
}

export interface ModelConfig {
  /** `provider/model`, as sessions keep it. */
  ref: string
  /** The id sent to the provider. */
  id: string
  provider: ProviderConfig
  toolCall: boolean
  streaming: boolean
  maxOutputTokens: number | undefined
  temperature: number | undefined
}

/** A configuration that is read as far as needed: a provider that is not used may lack its key. */
export class Config {
  readonly #parsed: ParsedConfig

  constructor(parsed: ParsedConfig) {
    this.#parsed = parsed
  }

  get systemPrompt(): string | undefined {
    return this.#get(['system_prompt'], isString, 'a string')
  }

  get maxSteps(): number | undefined {
    return this.#get(['max_steps'], isCount, 'a whole number of at least 1')
  }

  /** The default model. Throws ConfigError when there is no clear one. */
  get defaultModel(): string {
    const named = this.#get(['default_model'], isString, 'a string such as "openai/gpt-x"')
    if (named !== undefined) return named
    const all = this.models()
    if (all.length === 1) return all[0]!
    throw this.#error(
      [],
      `expected default_model${all.length === 0 ? ' such as "openai/gpt-x"' : `, one of ${all.join(', ')}`}`,
    )
  }

  /** Every model of the configuration, as `provider/model`. */
  models(): string[] {
    return this.#keys(['providers']).flatMap((provider) =>
      this.#keys(['providers', provider, 'models']).map((model) => `${provider}/${model}`),
    )
  }

  /** Whether `ref` can be used. */
  has(ref: string): boolean {
    const [provider, model] = split(ref)
    if (model === '' || !this.#keys(['providers']).includes(provider)) return false
    const models = this.#keys(['providers', provider, 'models'])
    return models.length === 0 || models.includes(model)
  }

  /** Everything that is needed to call a model. Throws ConfigError. */
  model(ref: string): ModelConfig {
    if (!this.has(ref)) {
      const known = [...this.models(), ...this.#open().map((provider) => `${provider}/…`)]
      throw this.#error(
        ['default_model'],
        `expected a model of a provider below${known.length === 0 ? '' : `, one of ${known.join(', ')}`}; there is no '${ref}'`,
      )
    }
    const [provider, model] = split(ref)
    const path = ['providers', provider, 'models', model]
    return {
      ref,
      id: this.#get([...path, 'id'], isString, 'a string') ?? model,
      provider: this.#provider(provider),
      toolCall: this.#get([...path, 'tool_call'], isBoolean, 'true or false') ?? true,
      streaming: this.#get([...path, 'streaming'], isBoolean, 'true or false') ?? true,
      maxOutputTokens: this.#get([...path, 'max_output_tokens'], isCount, 'a whole number of at least 1'),
      temperature: this.#get([...path, 'temperature'], isNumber, 'a number'),
    }
  }

  /**
   * All secrets of the configuration, which no text may show: the keys of all providers, and the values of their secret
   * headers.
   */
  secrets(): string[] {
    return this.#keys(['providers']).flatMap((provider) => {
      const path = ['providers', provider]
      const headers = this.#keys([...path, 'headers'])
        .filter((name) => /auth|key|token|secret|cookie|password/i.test(name))
        .map((name) => this.#raw([...path, 'headers', name]))
      return [this.#raw([...path, 'api_key']), ...headers].filter(isString)
    })
  }

  #open(): string[] {
    return this.#keys(['providers']).filter((name) => this.#keys(['providers', name, 'models']).length === 0)
  }

  #provider(name: string): ProviderConfig {
    const path = ['providers', name]
    const fallback: ProviderType = name === 'anthropic' ? 'anthropic' : 'openai-compatible'
    const type =
      this.#get([...path, 'type'], isProviderType, '"openai-compatible" or "anthropic"') ?? fallback
    const baseUrl = this.#get(
      [...path, 'base_url'],
      isUrl,
      'an http or https URL such as "https://api.openai.com/v1"',
    )
    if (baseUrl === undefined && type === 'openai-compatible' && name !== 'openai') {
      throw this.#error(path, `expected a base_url in provider '${name}'`)
    }
    const headers = this.#keys([...path, 'headers']).map((header) => [
      header,
      this.#get([...path, 'headers', header], isString, 'a string')!,
    ])
    return {
      name,
      type,
      apiKey: this.#get([...path, 'api_key'], isString, 'a string'),
      baseUrl,
      headers: Object.fromEntries(headers),
    }
  }

  #raw(path: readonly string[]): unknown {
    let value: unknown = this.#parsed.value
    for (const key of path) {
      if (!isBag(value) || !Object.hasOwn(value, key)) return undefined
      value = value[key]
    }
    return value
  }

  #get<T>(path: readonly string[], is: (value: unknown) => value is T, what: string): T | undefined {
    const value = this.#raw(path)
    if (value === undefined || value === null) return undefined
    if (value instanceof MissingVariable) {
      throw new ConfigError(
        value.at,
        `expected the environment variable ${value.name} to be set; set it, or give a default: env("${value.name}", "…")`,
      )
    }
    if (!is(value)) throw this.#error(path, `expected ${what} for ${path.at(-1)}, found ${kindOf(value)}`)
    return value
  }

  #keys(path: readonly string[]): string[] {
    const value = this.#raw(path)
    if (value === undefined || value === null) return []
    if (!isBag(value)) {
      throw this.#error(path, `expected a block for ${path.at(-1)}, found ${kindOf(value)}`)
    }
    return Object.keys(value)
  }

  #error(path: readonly string[], message: string): ConfigError {
    const at = this.#parsed.at(path)
    return new ConfigError(
      at,
      at.line === 0 && path.length > 0 ? `${message} (at ${path.join('.')})` : message,
    )
  }
}

/** Reads a configuration file. Throws ConfigError. */
export const configFromText = (text: string, file: string, env: Environment): Config =>
  new Config(parseConfig(text, file, env))

/** Checks a configuration object. */
export function configFromObject(value: ConfigInput): Config {
  const nowhere: ConfigLocation = { file: 'config', line: 0, column: 0 }
  return new Config({ value: value as Record<string, unknown>, at: () => nowhere })
}

function split(ref: string): [provider: string, model: string] {
  const slash = ref.indexOf('/')
  return slash === -1 ? [ref, ''] : [ref.slice(0, slash), ref.slice(slash + 1)]
}

const isString = (value: unknown): value is string => typeof value === 'string'
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'
const isNumber = (value: unknown): value is number => typeof value === 'number'
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0
const isProviderType = (value: unknown): value is ProviderType =>
  value === 'openai-compatible' || value === 'anthropic'
const isUrl = (value: unknown): value is string =>
  isString(value) && /^https?:\/\//.test(value) && URL.canParse(value)
const isBag = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof MissingVariable)

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a block'
  if (typeof value === 'string') return 'another string'
  return `a ${typeof value}`
}
