/** Tokens of code hosts, package registries and the tools of people who write code. */

import type { TableRule } from '../rule.ts'
import { token } from './format.ts'

export const CODE: readonly TableRule[] = [
  token('github', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], '[A-Za-z0-9]{36,255}', 'ghp_{w36}', 'ghs_{w36}'),
  token('github-fine', 'github_pat_', '[A-Za-z0-9]{22}_[A-Za-z0-9]{59}', 'github_pat_{w22}_{w59}'),
  token(
    'gitlab',
    [
      'glpat-',
      'gldt-',
      'glrt-',
      'glcbt-',
      'glptt-',
      'glft-',
      'glimt-',
      'glagent-',
      'gloas-',
      'glsoat-',
      'glffct-',
    ],
    '[\\w-]{20,300}(?:\\.[0-9a-z]{2}\\.[0-9a-z]{9})?',
    'glpat-{b20}',
    'glptt-{h40}',
  ),
  token('gitlab-runner', 'GR1348941', '[\\w-]{20}', 'GR1348941{b20}'),
  token('atlassian', 'ATATT3', '[\\w=-]{100,250}', 'ATATT3{b186}'),
  token('bitbucket', ['ATBB', 'ATCTT3'], '[\\w=-]{24,250}', 'ATBB{w32}'),
  token('npm', 'npm_', '[A-Za-z0-9]{36}', 'npm_{w36}'),
  token('pypi', 'pypi-', 'AgE[\\w-]{50,1000}', 'pypi-AgEIcHlwaS5vcmc{b120}'),
  token('rubygems', 'rubygems_', '[0-9a-f]{48}', 'rubygems_{h48}'),
  token('crates', 'cio', '[A-Za-z0-9]{32}', 'cio{w32}'),
  token('nuget', 'oy2', '[a-z0-9]{43}', 'oy2{h43}'),
  token('docker', ['dckr_pat_', 'dckr_oat_'], '[\\w-]{27,32}', 'dckr_pat_{b27}'),
  token('artifactory', ['AKCp', 'cmVmdGtuOjAx'], '[A-Za-z0-9]{50,80}', 'AKCp{w69}'),
  token('sourcegraph', 'sgp_', '(?:[0-9a-f]{16}_|local_)?[0-9a-f]{40}', 'sgp_{h16}_{h40}'),
  token('circleci', ['CCIPAT_', 'CCIPRJ_'], '[A-Za-z0-9]{20,24}_[0-9a-f]{40}', 'CCIPAT_{w22}_{h40}'),
  token('buildkite', ['bkua_', 'bkat_', 'bkct_'], '[0-9a-f]{40}', 'bkua_{h40}'),
  token('linear', ['lin_api_', 'lin_oauth_'], '[A-Za-z0-9]{40,64}', 'lin_api_{w40}'),
  token('notion', ['ntn_', 'secret_'], '[A-Za-z0-9]{43,50}', 'ntn_{w46}'),
  token('figma', ['figd_', 'figu_'], '[\\w-]{38,48}', 'figd_{b40}'),
  token('airtable', 'pat', '[A-Za-z0-9]{14}\\.[0-9a-f]{64}', 'pat{w14}.{h64}'),
  token('postman', 'PMAK-', '[0-9a-f]{24}-[0-9a-f]{34}', 'PMAK-{h24}-{h34}'),
  token('readme', 'rdme_', '[a-z0-9]{70}', 'rdme_{h70}'),
  token('contentful', 'CFPAT-', '[\\w-]{43}', 'CFPAT-{b43}'),
]
