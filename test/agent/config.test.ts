import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/agent/config/parser.ts'
import { Agent, ConfigError } from '../../src/agent/index.ts'
import { KEY, startServer, temporaryFolder } from './agent-context.ts'

const parsed = (text: string, env: Record<string, string> = {}) => parseConfig(text, 'config.acl', env).value

describe('the form', () => {
  test('blocks with labels become nested objects', () => {
    const text = `
      # who answers
      default_model = "openai/gpt-x" // the quick one
      /* several
         lines */
      providers "openai" {
        api_key  = env("OPENAI_API_KEY")
        base_url = env("OPENAI_BASE_URL", "https://api.openai.com/v1")
        headers { x-team = "blue" }
      }`
    expect(parsed(text, { OPENAI_API_KEY: 'k' })).toEqual({
      default_model: 'openai/gpt-x',
      providers: {
        openai: { api_key: 'k', base_url: 'https://api.openai.com/v1', headers: { 'x-team': 'blue' } },
      },
    })
  })

  test('blocks of one name and different labels stand side by side', () => {
    const text = 'providers "a" { models "x" { tool_call = true } models "y" { } }\nproviders "b" {}'
    expect(parsed(text)).toEqual({ providers: { a: { models: { x: { tool_call: true }, y: {} } }, b: {} } })
  })

  test('values are strings with escapes, numbers, booleans, null, lists and objects', () => {
    const text = String.raw`
      a = "tab\t quote\" slash\\ euro\u20ac face\u{1F600} line\n"
      b = -1.5e3
      c = [1, "two", [true, false], # three
           null,]
      d = { x = 1, y = "z" }`
    expect(parsed(text)).toEqual({
      a: 'tab\t quote" slash\\ euro€ face😀 line\n',
      b: -1500,
      c: [1, 'two', [true, false], null],
      d: { x: 1, y: 'z' },
    })
  })

  test('a key called __proto__ is a key like any other', () => {
    expect(Object.keys(parsed('__proto__ = 1'))).toEqual(['__proto__'])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test.each([
    [
      'a =',
      1,
      4,
      'expected a string, number, true, false, env("NAME"), [list] or { object }, found the end of the file',
    ],
    [
      'a = yes',
      1,
      5,
      'expected a string in quotes, a number, true, false or env("NAME"), found the bare word yes',
    ],
    ['\n  a = 1 2', 2, 9, 'expected the end of the line, found a number'],
    ['a = "x\n', 1, 5, "expected '\"' to end the string that starts here, on the same line"],
    ['a = "\\q"', 1, 6, 'expected one of the escapes'],
    ["a = 'x'", 1, 5, 'expected a string in double quotes, found a single quote'],
    ['a = [1 2]', 1, 8, "expected ',' or ']', found a number"],
    [
      'p "x" {\n  a = 1\n',
      3,
      1,
      "expected the name of an attribute or block, or '}', found the end of the file",
    ],
    ['p "x" = 1', 1, 7, "expected another label or '{', found '='"],
    ['p', 1, 2, "expected '=' and a value, or a label and '{', found the end of the file"],
    ['}', 1, 1, "expected the name of an attribute or block, found '}'"],
    ['a = 1\na = 2', 2, 1, "expected 'a' only once; it already appears above"],
    ['p "x" {}\np "x" {}', 2, 3, "expected 'x' only once; it already appears above"],
    ['a = env(B)', 1, 9, "expected the name of an environment variable in quotes, found 'B'"],
    ['a = env("B"', 1, 12, "expected ',' and a default, or ')', found the end of the file"],
    ['a = 01', 1, 5, 'expected a number such as 12, -3 or 0.5'],
    ['/* a', 1, 1, "expected '*/' to end the comment that starts here"],
    ['a = @', 1, 5, 'expected a name, a string, a number or one of = { } [ ], found "@"'],
  ])('%j is an error with its place and what was expected', (text, line, column, message) => {
    const error = catchError(() => parsed(text))
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({ code: 'CONFIG', file: 'config.acl', line, column })
    expect(error.message).toContain(`config.acl:${line}:${column}: ${message}`)
  })
})

describe('what it says', () => {
  const create = async (text: string, env: Record<string, string> = {}) => {
    const path = join(await temporaryFolder(), 'config.acl')
    await writeFile(path, text)
    return Agent.create(path, { env })
  }

  test('a variable that is not set is an error at its place, with the way out', async () => {
    const text = 'default_model = "openai/x"\nproviders "openai" {\n  api_key = env("NO_KEY")\n}'
    await expect(create(text)).rejects.toThrow(
      /config\.acl:3:13: expected the environment variable NO_KEY to be set; set it, or give a default/,
    )
  })

  test('a variable that a provider needs which is not used may be missing', async () => {
    const text = `default_model = "openai/x"
      providers "openai" { api_key = "${KEY}" }
      providers "anthropic" { api_key = env("NO_KEY") }`
    await expect(create(text)).resolves.toBeInstanceOf(Agent)
  })

  test('a value of the wrong kind is an error at its place, and is not shown', async () => {
    const text = 'default_model = "openai/x"\nproviders "openai" { api_key = [ "hush-hush" ] }'
    const error = await create(text).then(
      () => undefined,
      (error) => error,
    )
    expect(error.message).toMatch(/config\.acl:2:32: expected a string for api_key, found a list/)
    expect(error.message).not.toContain('hush')
  })

  test('a model that is not there is an error that lists those that are', async () => {
    const text = 'default_model = "openai/y"\nproviders "openai" {\n models "x" {}\n}'
    await expect(create(text)).rejects.toThrow(/config\.acl:1:17: expected a model .* one of openai\/x/)
  })

  test('the only model there is needs not be named', async () => {
    const text = 'providers "openai" {\n models "x" {}\n}'
    await expect(create(text)).resolves.toBeInstanceOf(Agent)
    await expect(create('providers "openai" {\n models "x" {}\n models "y" {}\n}')).rejects.toThrow(
      'expected default_model, one of openai/x, openai/y',
    )
  })

  test('a file that is not there is a ConfigError', async () => {
    await expect(Agent.create('/nowhere/config.acl')).rejects.toThrow(ConfigError)
  })

  test('an object of the same shape and a model do as well', async () => {
    const server = await startServer()
    const config = { default_model: 'x/y', providers: { x: { base_url: server.url } } }
    const agent = await Agent.create(config)
    const { text } = await agent.session('.').send('Hello')
    expect(text).toBe('Done.')
    await expect(Agent.create({ default_model: 'x/y', providers: { x: {} } })).rejects.toThrow(
      "config: expected a base_url in provider 'x' (at providers.x)",
    )
    await expect(Agent.create(42 as never)).rejects.toThrow(TypeError)
  })
})

function catchError(work: () => unknown): Error {
  try {
    work()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

test("a model of an AI SDK that the agent's own cannot call is refused at once, with the way out", async () => {
  const call = () => Promise.reject(new Error('never called'))
  const model = (specificationVersion: string) =>
    ({ specificationVersion, provider: 'openai', modelId: 'gpt', doStream: call, doGenerate: call }) as never
  const refused = await Agent.create(model('v4')).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(ConfigError)
  expect(String(refused)).toMatch(/^.*model openai\/gpt: .*'v4'.*AI SDK 6/)
  for (const version of ['v2', 'v3']) await (await Agent.create(model(version))).close()

  const agent = await Agent.create(model('v3'))
  const session = agent.session(await temporaryFolder(), { model: model('v4') })
  const use = async () => session.send('Hi')
  await expect(use()).rejects.toBeInstanceOf(ConfigError)
  await agent.close()
})

test('a string with a line feed, a brace or an equals sign is the text of a configuration, any other a path', async () => {
  const text =
    'default_model = "x/y"\nproviders "x" { base_url = "http://127.0.0.1:1/v1" models "y" { name = "Y" } }\n'
  await expect(Agent.create(text)).resolves.toBeInstanceOf(Agent)
  await expect(Agent.create('default_model = 1')).rejects.toThrow('config:1:17: expected a string')
  await expect(Agent.create('no-such.acl')).rejects.toThrow(
    'no-such.acl: expected a configuration, but there is no',
  )
})
