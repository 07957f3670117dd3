/** Keys of model providers and of tools around models. */

import type { TableRule } from '../rule.ts'
import { token } from './format.ts'

export const MODELS: readonly TableRule[] = [
  token(
    'anthropic',
    'sk-ant-',
    '[a-z]{2,8}[0-9]{2}-[\\w-]{24,200}',
    'sk-ant-api03-{b93}AA',
    'sk-ant-oat01-{b86}',
  ),
  token('openai', ['sk-proj-', 'sk-svcacct-', 'sk-admin-', 'sk-None-'], '[\\w-]{20,220}', 'sk-proj-{b124}'),
  token('openrouter', 'sk-or-', 'v[0-9]-[0-9a-f]{64}', 'sk-or-v1-{h64}'),
  token('langfuse', 'sk-lf-', '[0-9a-f-]{36}', 'sk-lf-{h8}-{h4}-{h4}-{h4}-{h12}'),
  // OpenAI's old form, DeepSeek, Moonshot, Qwen and others.
  token('model-key', 'sk-', '[A-Za-z0-9]{32,64}', 'sk-{w20}T3BlbkFJ{w20}', 'sk-{h32}'),
  token('google-api', 'AIza', '[\\w-]{35}', 'AIza{b35}'),
  token('hugging-face', ['hf_', 'api_org_'], '[A-Za-z0-9]{30,40}', 'hf_{l34}'),
  token('groq', 'gsk_', '[A-Za-z0-9]{52}', 'gsk_{w52}'),
  token('xai', 'xai-', '[A-Za-z0-9]{80}', 'xai-{w80}'),
  token('perplexity', 'pplx-', '[A-Za-z0-9]{40,64}', 'pplx-{w48}'),
  token('replicate', 'r8_', '[A-Za-z0-9]{37,40}', 'r8_{w37}'),
  token('cerebras', 'csk-', '[a-z0-9]{48}', 'csk-{h48}'),
  token('fireworks', 'fw_', '[A-Za-z0-9]{22,24}', 'fw_{w24}'),
  token('nvidia', 'nvapi-', '[\\w-]{60,70}', 'nvapi-{b64}'),
  token('tavily', 'tvly-', '(?:dev-|prod-)?[A-Za-z0-9]{32}', 'tvly-dev-{w32}'),
  token('together', 'tgp_v1_', '[\\w-]{40,48}', 'tgp_v1_{b43}'),
  token('elevenlabs', 'sk_', '[0-9a-f]{48}', 'sk_{h48}'),
  token('pinecone', 'pcsk_', '[A-Za-z0-9]{4,8}_[A-Za-z0-9]{40,80}', 'pcsk_{w6}_{w63}'),
  token('firecrawl', 'fc-', '[0-9a-f]{32}', 'fc-{h32}'),
  token('e2b', 'e2b_', '[0-9a-f]{40}', 'e2b_{h40}'),
  token('langsmith', ['lsv2_pt_', 'lsv2_sk_'], '[0-9a-f]{32}_[0-9a-f]{10}', 'lsv2_pt_{h32}_{h10}'),
  token('cursor', 'crsr_', '[0-9a-f]{64}', 'crsr_{h64}'),
]
