/** Keys of cloud providers, hosting and monitoring services. */

import type { TableRule } from '../rule.ts'
import { token } from './format.ts'

export const CLOUD: readonly TableRule[] = [
  {
    ...token('aws-key-id', ['AKIA', 'ASIA', 'ABIA', 'ACCA'], '[A-Z2-7]{16}', 'AKIA{U16}', 'ASIA{U16}'),
    // The sample key of Amazon's documentation.
    holds: (id) => !id.endsWith('EXAMPLE'),
  },
  {
    id: 'aws-secret',
    keywords: [
      'secret_access_key',
      'secretaccesskey',
      'secret-access-key',
      'secret access key',
      'aws_secret_key',
    ],
    expression:
      /(?:aws_secret_key|secret[_ -]?access[_ -]?key)[\\"'\]]{0,8}\s{0,4}(?:[:=]|=>)\s{0,4}[\\"'[]{0,8}(?<secret>(?:[A-Za-z0-9+/]|\\{1,7}(?:\/|u002[bBfF])){40})(?![A-Za-z0-9+/=])/i,
    anchored: true,
    holds: (secret) => !secret.includes('EXAMPLE'),
    match: ['aws_secret_access_key = {B40}', '{"SecretAccessKey": "{B40}"}'],
  },
  {
    id: 'aws-session-token',
    keywords: ['session_token', 'sessiontoken', 'security-token'],
    expression:
      /(?:session_?token|security-token)[\\"']{0,8}\s{0,4}[:=]\s{0,4}[\\"']{0,8}(?<secret>[A-Za-z0-9+/]{100,2048}={0,2})/i,
    anchored: true,
    match: ['AWS_SESSION_TOKEN={B300}'],
  },
  token('aws-bedrock', 'ABSK', '[A-Za-z0-9+/]{100,300}={0,2}', 'ABSK{B128}'),
  token('google-oauth', 'ya29.', '[\\w-]{30,512}', 'ya29.{b120}'),
  token('google-client-secret', 'GOCSPX-', '[\\w-]{28}', 'GOCSPX-{b28}'),
  {
    id: 'azure-account-key',
    keywords: ['accountkey=', 'sharedaccesskey='],
    expression: /(?:accountkey|sharedaccesskey)=(?<secret>[A-Za-z0-9+/]{42,86}={1,2})/i,
    anchored: true,
    match: ['DefaultEndpointsProtocol=https;AccountName=a;AccountKey={B86}==', 'SharedAccessKey={B43}='],
  },
  {
    id: 'azure-signature',
    keywords: ['&sig=', '?sig='],
    expression: /[&?]sig=(?<secret>(?:[A-Za-z0-9+/]|%2[bBfF]){40,60}(?:=|%3[dD])?)/,
    anchored: true,
    match: ['https://a.blob.core.windows.net/b?sv=2022-11-02&sig={w43}%3D'],
  },
  {
    id: 'azure-client-secret',
    keywords: ['Q~'],
    expression: /(?<![\w~.-])[\w~.]{3}[0-9]Q~[\w~.-]{31,34}(?![\w~-])/,
    anchored: true,
    ahead: [4],
    match: ['{w3}8Q~{b34}'],
  },
  token('digitalocean', ['dop_v1_', 'doo_v1_', 'dor_v1_'], '[0-9a-f]{64}', 'dop_v1_{h64}'),
  token('cloudflare-origin', 'v1.0-', '[0-9a-f]{24}-[0-9a-f]{146}', 'v1.0-{h24}-{h146}'),
  token('heroku', 'HRKU-', '[\\w-]{36,64}', 'HRKU-AA{b58}'),
  token('fly', ['fm2_', 'fm1r_', 'fm1a_'], '[A-Za-z0-9+/]{60,600}={0,2}', 'fm2_{B120}'),
  token('vercel', ['vcp_', 'vck_', 'vci_', 'vca_', 'vcr_'], '[A-Za-z0-9]{24,60}', 'vcp_{w56}'),
  token('netlify', 'nfp_', '[A-Za-z0-9]{36}', 'nfp_{w36}'),
  token('alibaba', 'LTAI', '[A-Za-z0-9]{16,20}', 'LTAI{w20}'),
  token('tencent', 'AKID', '[A-Za-z0-9]{32}', 'AKID{w32}'),
  token(
    'doppler',
    ['dp.pt.', 'dp.st.', 'dp.ct.', 'dp.sa.', 'dp.scim.', 'dp.audit.'],
    '(?:[a-z0-9_-]{2,35}\\.)?[A-Za-z0-9]{40,44}',
    'dp.pt.{w43}',
  ),
  token('vault', ['hvs.', 'hvb.', 'hvr.'], '[\\w-]{24,300}', 'hvs.{b95}'),
  {
    id: 'terraform',
    keywords: ['.atlasv1.'],
    expression: /(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,70}/,
    anchored: true,
    ahead: [14],
    match: ['{w14}.atlasv1.{w67}'],
  },
  token('pulumi', 'pul-', '[0-9a-f]{40}', 'pul-{h40}'),
  token('planetscale', ['pscale_tkn_', 'pscale_oauth_', 'pscale_pw_'], '[\\w.-]{32,64}', 'pscale_tkn_{b43}'),
  token('databricks', ['dapi', 'dose', 'dkea'], '[0-9a-f]{32}(?:-[0-9])?', 'dapi{h32}'),
  token('supabase', ['sbp_', 'sb_secret_'], '[\\w-]{31,52}', 'sbp_{h40}', 'sb_secret_{b31}'),
  token('neon', 'napi_', '[a-z0-9]{60,70}', 'napi_{h64}'),
  token('grafana', ['glsa_', 'glc_'], '[A-Za-z0-9+/_]{32,400}={0,2}', 'glsa_{w32}_{h8}'),
  token('new-relic', ['NRAK-', 'NRJS-', 'NRII-'], '[\\w-]{19,32}', 'NRAK-{U27}'),
  token('sentry', ['sntrys_', 'sntryu_'], '[A-Za-z0-9+/=_-]{60,400}', 'sntryu_{h64}'),
  token('dynatrace', 'dt0c01.', '[A-Z0-9]{24}\\.[A-Z0-9]{64}', 'dt0c01.{U24}.{U64}'),
  token('posthog', 'phx_', '[A-Za-z0-9]{40,48}', 'phx_{w43}'),
  token('age', 'AGE-SECRET-KEY-1', '[0-9A-Z]{58}', 'AGE-SECRET-KEY-1{U58}'),
  token('1password', 'ops_eyJ', '[A-Za-z0-9+/_-]{200,1200}={0,2}', 'ops_eyJ{w400}'),
]
