/** Findings as SARIF 2.1.0 (OASIS), a format that code scanning tools read. */

import type { FoundSecret } from './scan.ts'

/**
 * Returns the findings as one SARIF document.
 *
 * @param store path of the store's folder
 * @param version version of forkpoint
 */
export function sarifOf(findings: readonly FoundSecret[], store: string, version: string): object {
  const rules = [...new Set(findings.map(({ rule }) => rule))].sort()
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'forkpoint',
            version,
            rules: rules.map((id) => ({ id, shortDescription: { text: `A secret of the kind '${id}'` } })),
          },
        },
        results: findings.map((found) => ({
          ruleId: found.rule,
          ruleIndex: rules.indexOf(found.rule),
          level: 'error',
          message: { text: `${found.rule} in ${found.where}: ${found.excerpt}` },
          locations: [
            {
              physicalLocation: { artifactLocation: { uri: encodeURI(store) } },
              logicalLocations: [{ fullyQualifiedName: nameOf(found), kind: 'member' }],
            },
          ],
        })),
      },
    ],
  }
}

const nameOf = ({ session, ref, checkpoint, message, where }: FoundSecret): string =>
  [session ?? ref, checkpoint, message, where].filter((part) => part !== undefined && part !== '').join('/')
