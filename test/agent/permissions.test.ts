import { describe, expect, test } from 'vitest'
import { layered } from '../../src/agent/options.ts'
import { Permissions } from '../../src/agent/permissions/permissions.ts'
import type { PermissionPolicy } from '../../src/agent/permissions/policy.ts'

const bash = (policy: PermissionPolicy, command: string) =>
  new Permissions(policy).decide({ tool: 'bash', kind: 'command', command }).decision
const path = (policy: PermissionPolicy, tool: string, ...paths: string[]) =>
  new Permissions(policy).decide({ tool, kind: 'path', paths }).decision

describe('order', () => {
  test('deny goes before ask, ask before allow, allow before the default', () => {
    const all = {
      deny: ['bash(a:*)'],
      ask: ['bash(a:*)', 'bash(b:*)'],
      allow: ['bash(a:*)', 'bash(b:*)', 'bash(c:*)'],
    }
    const policy: PermissionPolicy = { ...all, defaultDecision: 'deny' }
    expect(['a', 'b', 'c', 'd'].map((command) => bash(policy, command))).toEqual([
      'deny',
      'ask',
      'allow',
      'deny',
    ])
  })

  test('without a default it is ask, and a policy that is off allows everything', () => {
    expect(bash({}, 'ls')).toBe('ask')
    expect(bash({ enabled: false, deny: ['bash'] }, 'rm -rf /')).toBe('allow')
  })

  test('fields that are given win one by one', () => {
    const saved: PermissionPolicy = { deny: ['bash(rm:*)'], allow: ['read'], defaultDecision: 'ask' }
    expect(layered(saved, { defaultDecision: 'allow', deny: undefined })).toEqual({
      deny: ['bash(rm:*)'],
      allow: ['read'],
      defaultDecision: 'allow',
    })
  })

  test('what is no rule or no policy is a TypeError that says how to write one', () => {
    expect(() => new Permissions({ deny: ['bash(rm'] })).toThrow(
      /"bash\(rm" in deny is not a permission rule/,
    )
    expect(() => new Permissions({ allow: 'read' as never })).toThrow(TypeError)
    expect(() => new Permissions({ defaultDecision: 'maybe' as never })).toThrow(TypeError)
  })
})

describe('rules for any tool', () => {
  test.each(['bash', 'BASH', 'Bash(*)', ' bash ( * ) ', 'ba*', '*', 'bash(:*)'])(
    '%j fits every command',
    (rule) => {
      expect(bash({ allow: [rule], defaultDecision: 'deny' }, 'for i in 1; do $(x) | y; done')).toBe('allow')
    },
  )

  test('a name fits no other tool', () => {
    expect(path({ allow: ['read'], defaultDecision: 'deny' }, 'write', 'a')).toBe('deny')
    expect(path({ allow: ['re'], defaultDecision: 'deny' }, 'read', 'a')).toBe('deny')
  })

  test('the input of another tool is compared as JSON', () => {
    const decide = (rule: string, input: object) =>
      new Permissions({ allow: [rule], defaultDecision: 'deny' }).decide({
        tool: 'mail',
        kind: 'input',
        text: JSON.stringify(input),
      }).decision
    expect(decide('mail(*"to":"team@*)', { to: 'team@example.org' })).toBe('allow')
    expect(decide('mail(*"to":"team@*)', { to: 'boss@example.org' })).toBe('deny')
  })
})

describe('rules for paths', () => {
  test.each([
    ['read(src/**)', 'src/a/b.ts', true],
    ['read(src/**)', 'src', true],
    ['read(src/**)', 'srcs/a', false],
    ['read(src/**)', 'lib/src/a', false],
    ['read(src/)', 'src/a/b', true],
    ['read(src/*)', 'src/a', true],
    ['read(src/*)', 'src/a/b', false],
    ['read(*.md)', 'docs/a.md', true],
    ['read(*.md)', 'docs/a.mdx', false],
    ['read(/a.md)', 'docs/a.md', false],
    ['read(/a.md)', 'a.md', true],
    ['read(**/test/**)', 'a/test/b', true],
    ['read(**/test/**)', 'test/b', true],
    ['read(./src/**)', 'src/a', true],
    ['read(*.{ts,js})', 'src/a.js', true],
    ['read(*.{ts,js})', 'src/a.jsx', false],
    ['read([ab].txt)', 'b.txt', true],
    ['read([!ab].txt)', 'b.txt', false],
    ['read(a?c)', 'abc', true],
    ['read(a?c)', 'a/c', false],
    ['read(a.c)', 'abc', false],
    ['write(*)', 'anything/at/all', true],
  ])('%s fits %s: %s', (rule, name, fits) => {
    const tool = rule.slice(0, rule.indexOf('('))
    expect(path({ allow: [rule], defaultDecision: 'deny' }, tool, name)).toBe(fits ? 'allow' : 'deny')
  })

  test('a name is refused in any case, as some disks know no other, and allowed as it is written', () => {
    expect(path({ deny: ['read(.env)'], defaultDecision: 'allow' }, 'read', '.ENV')).toBe('deny')
    expect(path({ deny: ['read(Caf\u00e9/**)'], defaultDecision: 'allow' }, 'read', 'cafe\u0301/a')).toBe(
      'deny',
    )
    expect(path({ allow: ['read(src/**)'], defaultDecision: 'deny' }, 'read', 'SRC/a')).toBe('deny')
  })

  test('a link is allowed for what it leads to, and denied for either name', () => {
    expect(path({ allow: ['read(src/**)'], defaultDecision: 'deny' }, 'read', 'src/link', 'secret/key')).toBe(
      'deny',
    )
    expect(path({ allow: ['read(src/**)'], defaultDecision: 'deny' }, 'read', 'link', 'src/a')).toBe('allow')
    expect(path({ deny: ['read(.env)'], defaultDecision: 'allow' }, 'read', 'link', '.env')).toBe('deny')
    expect(path({ deny: ['read(.env)'], defaultDecision: 'allow' }, 'read', '.env', 'a')).toBe('deny')
  })
})

describe('rules for commands', () => {
  const only: PermissionPolicy = { allow: ['bash(git status:*)'], defaultDecision: 'deny' }

  test.each([
    'git status',
    'git status -s',
    'git  status\t-s',
    "git 'status'",
    'git status "a b"',
    'git status $HOME',
    'git status > /dev/null 2>&1',
    'git status && git status -s',
    'git status; git status',
    'git status | git status',
    'git status $(git status)',
    'git status # rm -rf x',
    '(git status)',
    '{ git status; }',
    'if git status; then git status -s; fi',
    'for x in a b; do git status $x; done',
    'git status \\\n  -s',
    'time git status',
    'git status -- "a;b"',
  ])('bash(git status:*) lets %j run', (command) => {
    expect(bash(only, command)).toBe('allow')
  })

  test.each([
    'git status; rm -rf x',
    'git status\nrm -rf x',
    'git status\r\nrm -rf x',
    'git status && rm -rf x',
    'git status || rm -rf x',
    'git status | sh',
    'git status | tee x',
    'git status & rm -rf x',
    'git status $(rm -rf x)',
    'git status "$(rm -rf x)"',
    'git status `rm -rf x`',
    'git status <(rm -rf x)',
    'git status > x',
    'git status >> x',
    'git status &> x',
    'git status 2> x',
    'git status >| x',
    'git status < x',
    'git status <<EOF\n$(rm -rf x)\nEOF',
    "git status <<'EOF'\nEOF\nrm -rf x",
    'git status # x\nrm -rf x',
    'git statusx',
    'git',
    'git stat',
    'xgit status',
    'git commit',
    'sudo git status',
    './git status',
    'GIT_PAGER=x git status',
    'PATH=. git status',
    'PATH=.; git status',
    'git() { rm -rf x; }; git status',
    'function git { rm -rf x; }\ngit status',
    'alias git=rm; git status',
    '$(echo rm) -rf x',
    '$X git status',
    'eval git status',
    "bash -c 'git status; rm -rf x'",
    'echo x | bash',
    'case x in x) rm;; esac',
    'git status $((`rm -rf x`))',
    'git status ${x:-$(rm -rf x)}',
    "git status $'a'",
    'git status "unclosed',
    'git status \\',
    'git status (rm)',
    'git status\u00a0; rm',
    '{ git status; rm -rf x; }',
    'if git status; then rm -rf x; fi',
    'for x in a; do rm $x; done',
    'for x in $(rm -rf x); do git status; done',
    '! rm -rf x',
    'git status <<< "$(rm -rf x)"',
    '"git status"',
    'git status\0; rm',
    '',
  ])('and does not let %j run', (command) => {
    expect(bash(only, command)).not.toBe('allow')
  })

  test('a whole command is compared with all of it', () => {
    const policy: PermissionPolicy = { allow: ['bash(npm test)'], defaultDecision: 'deny' }
    expect(bash(policy, 'npm test')).toBe('allow')
    expect(bash(policy, 'npm test -- --watch')).toBe('deny')
  })

  test('a star stands for any text within one command', () => {
    const policy: PermissionPolicy = { allow: ['bash(npm run *)'], defaultDecision: 'deny' }
    expect(bash(policy, 'npm run build -- --fast')).toBe('allow')
    expect(bash(policy, 'npm run build; rm -rf x')).toBe('deny')
    expect(bash(policy, 'npm install')).toBe('deny')
  })

  test('what cannot be parsed is asked about, and denied where a denied command stands in it', () => {
    const policy: PermissionPolicy = {
      deny: ['bash(rm:*)'],
      allow: ['bash(git:*)'],
      defaultDecision: 'allow',
    }
    expect(bash(policy, 'git log ${x:-y}')).toBe('ask')
    expect(bash(policy, 'case $x in a) rm -rf y;; esac')).toBe('deny')
  })

  test.each([
    'rm -rf x',
    'ls; rm -rf x',
    'ls && rm -rf x',
    'ls | xargs rm -rf',
    'ls\nrm x',
    'echo $(rm x)',
    'echo `rm x`',
    '(rm x)',
    'sudo rm x',
    'sudo -u root rm x',
    'env A=1 rm x',
    'command rm x',
    '/bin/rm x',
    '\\rm x',
    "'rm' x",
    'r""m x',
    'A=1 rm x',
    'timeout 5 rm x',
    'find . -exec rm {} +',
    "sh -c 'rm x'",
    "bash -lc 'ls; rm x'",
    'if true; then rm x; fi',
    'while rm x; do :; done',
    'x=$(rm y)',
    'true & rm x',
  ])('bash(rm:*) in deny denies %j, whatever is allowed', (command) => {
    expect(bash({ deny: ['bash(rm:*)'], allow: ['bash(*)'], defaultDecision: 'allow' }, command)).toBe('deny')
  })

  test.each(['ls', 'echo rm', 'git rm x', 'rmdir x', 'ls "rm x"', 'grep rm file'])(
    'and does not deny %j',
    (command) => {
      expect(bash({ deny: ['bash(rm:*)'], defaultDecision: 'allow' }, command)).toBe('allow')
    },
  )

  test('a redirection is judged as what it does to the file', () => {
    const policy: PermissionPolicy = { allow: ['bash(echo:*)', 'write(out/**)'], defaultDecision: 'deny' }
    expect(bash(policy, 'echo x > out/a')).toBe('allow')
    expect(bash(policy, 'echo x > src/a')).toBe('deny')
    expect(bash(policy, 'echo x > $FILE')).toBe('ask')
    expect(bash({ deny: ['write(.env)'], allow: ['bash(*)', 'bash(echo:*)'] }, 'echo x > .env')).toBe('deny')
    expect(bash({ deny: ['bash(rm:*)'], defaultDecision: 'allow' }, 'echo x > a')).toBe('allow')
  })

  test('files that a command names are judged without any rule for commands too', () => {
    const files: PermissionPolicy = { deny: ['read(.env)', 'write(.env)'], defaultDecision: 'allow' }
    expect(bash(files, 'echo x > .env')).toBe('deny')
    expect(bash(files, 'cat < .env')).toBe('deny')
    expect(bash(files, 'cat .env')).toBe('deny')
    expect(bash({ ...files, allow: ['bash'], defaultDecision: 'ask' }, 'cat .env')).toBe('deny')
    expect(bash(files, 'cd src; cat ../.env')).toBe('deny')
    expect(bash(files, 'cat README.md > out')).toBe('allow')
    // Nobody knows what it does to the file.
    expect(bash(files, 'mytool --config=.env')).toBe('ask')
    expect(bash({ deny: ['read'], defaultDecision: 'allow' }, 'cat a')).toBe('deny')
    expect(bash({ deny: ['read'], defaultDecision: 'allow' }, 'npm test')).toBe('allow')
    expect(bash({ ask: ['write(src/**)'], defaultDecision: 'allow' }, 'rm -r src')).toBe('ask')
    expect(bash({ deny: ['ls(secret/**)'], defaultDecision: 'allow' }, 'ls secret')).toBe('deny')
  })

  test('a command that a rule allows may be given any file that no other rule is about', () => {
    const policy: PermissionPolicy = {
      allow: ['bash(cat:*)'],
      deny: ['read(.env)'],
      defaultDecision: 'deny',
    }
    expect(bash(policy, 'cat README.md')).toBe('allow')
    expect(bash(policy, 'cat README.md .env')).toBe('deny')
  })

  test('what a wrapper runs has to be allowed as well, unless the rule names it', () => {
    const policy: PermissionPolicy = {
      allow: ['bash(sudo systemctl restart:*)', 'bash(xargs:*)', 'bash(wc:*)'],
      defaultDecision: 'deny',
    }
    expect(bash(policy, 'sudo systemctl restart nginx')).toBe('allow')
    expect(bash(policy, 'sudo systemctl stop nginx')).toBe('deny')
    expect(bash(policy, 'xargs wc -l')).toBe('allow')
    expect(bash(policy, 'xargs rm')).toBe('deny')
  })

  test('what runs commands by an option has to be allowed with that option', () => {
    expect(bash({ allow: ['bash(docker:*)'], defaultDecision: 'deny' }, 'docker run x')).toBe('deny')
    expect(bash({ allow: ['bash(docker run:*)'], defaultDecision: 'deny' }, 'docker run x')).toBe('allow')
    expect(bash({ allow: ['bash(docker:*)'], defaultDecision: 'deny' }, 'docker ps')).toBe('allow')
  })

  test('code of another language is what its rule allows, unless something is denied', () => {
    const policy: PermissionPolicy = { allow: ['bash(node:*)'], defaultDecision: 'deny' }
    expect(bash(policy, 'node -e "1"')).toBe('allow')
    expect(bash({ ...policy, deny: ['bash(rm:*)'] }, 'node -e "1"')).toBe('ask')
    expect(bash({ ...policy, deny: ['bash(rm:*)'] }, 'node script.js')).toBe('allow')
  })
})

describe('what may not be written', () => {
  test('may not be edited either, and may still be read', () => {
    const policy: PermissionPolicy = { deny: ['write(x)'], defaultDecision: 'allow' }
    expect(path(policy, 'write', 'x')).toBe('deny')
    expect(path(policy, 'edit', 'x')).toBe('deny')
    expect(path(policy, 'edit', 'y')).toBe('allow')
    expect(path(policy, 'read', 'x')).toBe('allow')
    expect(path({ ask: ['write'], defaultDecision: 'allow' }, 'edit', 'x')).toBe('ask')
  })

  test('to allow the one is not to allow the other', () => {
    expect(path({ allow: ['write(x)'], defaultDecision: 'deny' }, 'edit', 'x')).toBe('deny')
    expect(path({ deny: ['edit(x)'], defaultDecision: 'allow' }, 'write', 'x')).toBe('allow')
  })
})
