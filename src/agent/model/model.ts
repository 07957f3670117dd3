/** Language models, from a configuration or from the user. The only files that load the AI SDK are this and `call.ts`. */
import type { LanguageModel } from 'ai'
import type { Config, ModelConfig, ProviderType } from '../config/config.ts'
import { ConfigError } from '../errors.ts'
import type { Recipient } from '../history/recipient.ts'

/** A model that is ready to be called. */
export interface ReadyModel extends Recipient {
  model: Exclude<LanguageModel, string>
  maxOutputTokens: number | undefined
  temperature: number | undefined
  /** Whether it is from a configuration; then an answer without a finish reason was cut off. */
  configured: boolean
}

/** An object with the calls of an AI SDK model, of any version of its specification. */
export function isLanguageModel(value: unknown): value is Exclude<LanguageModel, string> {
  const { specificationVersion, doStream, doGenerate } = (value ?? {}) as Record<string, unknown>
  return (
    typeof specificationVersion === 'string' &&
    typeof doStream === 'function' &&
    typeof doGenerate === 'function'
  )
}

/** The user's own model. Throws ConfigError for one that the AI SDK of the agent cannot call. */
export function readyModel(model: Exclude<LanguageModel, string>): ReadyModel {
  const ref = `${model.provider}/${model.modelId}`
  if (!VERSIONS.has(model.specificationVersion)) {
    throw new ConfigError(
      { file: `model ${ref}`, line: 0, column: 0 },
      wrongVersion(model.specificationVersion),
    )
  }
  return {
    ref,
    model,
    protocol: protocolOf(model.provider),
    tools: true,
    maxOutputTokens: undefined,
    temperature: undefined,
    configured: false,
  }
}

/** Versions of the model specification in AI SDK 5 and 6. AI SDK 7 has v4. */
const VERSIONS = new Set<string>(['v2', 'v3'])

const wrongVersion = (version: string): string =>
  `it has version '${version}' of the AI SDK's specification of models, and agents run AI SDK 6, which calls 'v2' and 'v3'. Make it with the provider's package for AI SDK 6 (such as @ai-sdk/openai 3; packages for AI SDK 7 have 4), or name the model in a configuration.`

/** Most providers of the AI SDK are named after their protocol: `anthropic.messages`, `mistral.chat`. */
function protocolOf(provider: string): ProviderType | undefined {
  if (provider.endsWith('.messages')) return 'anthropic'
  return provider.endsWith('.chat') && !/^(?:google|cohere)\b/.test(provider)
    ? 'openai-compatible'
    : undefined
}

/** A model of the configuration, by `provider/model`. Throws ConfigError. */
export async function configuredModel(config: Config, ref: string): Promise<ReadyModel> {
  const settings = config.model(ref)
  const model = await (settings.provider.type === 'anthropic' ? anthropic(settings) : openAi(settings))
  return {
    ref,
    model: settings.streaming ? model : await withoutStreaming(model),
    protocol: settings.provider.type,
    tools: settings.toolCall,
    maxOutputTokens: settings.maxOutputTokens,
    temperature: settings.temperature,
    configured: true,
  }
}

type ProviderModel = Extract<Exclude<LanguageModel, string>, { specificationVersion: 'v3' }>

async function openAi({ id, provider }: ModelConfig): Promise<ProviderModel> {
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
  return createOpenAICompatible({
    name: provider.name,
    baseURL: provider.baseUrl ?? 'https://api.openai.com/v1',
    headers: { ...provider.headers },
    includeUsage: true,
    apiKey: provider.apiKey,
  }).chatModel(id)
}

async function anthropic({ id, provider }: ModelConfig): Promise<ProviderModel> {
  const { createAnthropic } = await import('@ai-sdk/anthropic')
  return createAnthropic({
    headers: { ...provider.headers },
    // An empty key, so that the SDK does not read one from the environment.
    apiKey: provider.apiKey ?? '',
    baseURL: provider.baseUrl ?? 'https://api.anthropic.com/v1',
  })(id)
}

async function withoutStreaming(model: ProviderModel): Promise<ProviderModel> {
  const { simulateStreamingMiddleware, wrapLanguageModel } = await import('ai')
  return wrapLanguageModel({ model, middleware: simulateStreamingMiddleware() })
}
