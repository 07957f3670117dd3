/** Patterns of permission rules and of the `glob` tool. */

/**
 * A glob for paths: `*` and `?` stay within a folder, `**` crosses folders, `{a,b}` and `[abc]` as in a shell. A
 * pattern without a slash fits at any depth, one that ends in a slash everything below; a slash at the start is the
 * workspace.
 */
export function pathPattern(glob: string): RegExp {
  const whole = glob.replace(/^\.?\//, '').replace(/\/$/, '/**')
  const anyDepth = !glob.includes('/')
  const below = whole.endsWith('/**')
  const body = source(below ? whole.slice(0, -3) : whole)
  return new RegExp(`^${anyDepth ? '(?:.*/)?' : ''}${body}${below ? '(?:/.*)?' : ''}$`, 'su')
}

/** A glob for texts, where `*` is any text at all. */
export const textPattern = (glob: string): RegExp =>
  new RegExp(`^${glob.split(/\*+/).map(quoted).join('.*')}$`, 'su')

function source(glob: string): string {
  let out = ''
  let braces = 0
  for (let index = 0; index < glob.length; index++) {
    const char = glob[index]!
    if (char === '*') {
      let stars = 1
      while (glob[index + stars] === '*') stars++
      index += stars - 1
      if (stars === 1) out += '[^/]*'
      else if (glob[index + 1] === '/') {
        out += '(?:[^/]+/)*'
        index++
      } else out += '.*'
    } else if (char === '?') out += '[^/]'
    else if (char === '[') {
      const end = glob.indexOf(']', index + 2)
      if (end === -1) out += '\\['
      else {
        const inside = glob
          .slice(index + 1, end)
          .replace(/[\\[\]]/g, '\\$&')
          .replace(/[&|~]{2}/g, (two) => two[0]!)
        out += `(?!/)[${inside.replace(/^!/, '^')}]`
        index = end
      }
    } else if (char === '{' && glob.indexOf('}', index) !== -1) {
      out += '(?:'
      braces++
    } else if (char === '}' && braces > 0) {
      out += ')'
      braces--
    } else if (char === ',' && braces > 0) out += '|'
    else if (char === '\\' && index + 1 < glob.length) out += quoted(glob[++index]!)
    else out += quoted(char)
  }
  return out
}

const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
