/** Parts of bash's grammar that can run something that is not visible in them. */
import type { SyntaxNode } from 'unbash'
import { isPlainVariable } from './builtins.ts'

/** Why a part of a command line may run something invisible; `undefined` if it cannot. */
export function whyUnclear(node: SyntaxNode): string | undefined {
  switch (node.type) {
    case 'HereDoc':
      return node.closing === undefined ? 'a here document does not end' : undefined
    case 'ParameterExpansion': {
      const isPlain = node.prefix !== '!' && node.index === undefined && node.operation === undefined
      return isPlain ? undefined : `it expands ${node.text.slice(0, 80)}`
    }
    case 'ArithmeticExpansion':
      // Variables in it are evaluated again, with substitutions.
      return /^[\d\s+*/%()$[\]-]*$/.test(node.text) ? undefined : 'it evaluates an expression'
    case 'TestUnary':
      return node.operator === '-v' || node.operator === '-R' ? 'it evaluates a name' : undefined
    case 'TestBinary':
      return /^-(?:eq|ne|lt|le|gt|ge)$/.test(node.operator) ? 'it evaluates an expression' : undefined
    case 'For':
      return isPlainVariable(node.name.value) ? undefined : `it sets the variable ${node.name.value}`
    case 'AnsiCQuoted':
    case 'LocaleString':
    case 'ArrayValue':
    case 'ExtendedGlob':
    case 'Function':
    case 'Coproc':
    case 'Select':
    case 'ArithmeticFor':
    case 'ArithmeticCommand':
      return `it contains a part that cannot be judged (${node.type})`
    default:
      return undefined
  }
}
