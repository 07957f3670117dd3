/** A short made-up session of each tool: two turns, a call with its result; a rewind or a tree where the tool has that. */
import { IMPORTERS, type Importer } from '../../src/importers/index.ts'

export interface ToolSample {
  tool: Importer
  name: string
  /** One entry each, as JSON. */
  entries: readonly string[]
  /** The file of so many entries, where it is not one line each. */
  document?: (entries: readonly string[]) => string
  /** With fewer entries it is not a session yet. */
  least?: number
}

const at = (second: number): string => new Date(Date.UTC(2026, 0, 2, 3, 4, second)).toISOString()
const toolNamed = (name: string): Importer => IMPORTERS.find((tool) => tool.name === name) as Importer
const long =
  'The build fails since the lexer takes the second quotation mark of a pair for the end of the field.'

const sample = (
  tool: string,
  name: string,
  entries: readonly unknown[],
  rest: Pick<ToolSample, 'document' | 'least'> = {},
): ToolSample => ({
  tool: toolNamed(tool),
  name,
  entries: entries.map((entry) => JSON.stringify(entry)),
  ...rest,
})

/** A document whose entries stand under `key`. */
const under =
  (key: string, head: object, tail: object = {}, indent: number | undefined = 2) =>
  (entries: readonly string[]): string =>
    `${JSON.stringify({ ...head, [key]: entries.map((entry) => JSON.parse(entry)), ...tail }, null, indent)}\n`

const item = (second: number, payload: object) => ({ timestamp: at(second), type: 'response_item', payload })
const event = (second: number, payload: object) => ({ timestamp: at(second), type: 'event_msg', payload })
const said = (second: number, role: string, text: string) =>
  item(second, {
    type: 'message',
    role,
    content: [{ type: role === 'assistant' ? 'output_text' : 'input_text', text }],
  })

const node = (id: string, parentId: string | null, message: object) => ({
  type: 'message',
  id,
  parentId,
  timestamp: at(1),
  message,
})
const usage = { input: 10, output: 5, cacheRead: 3, cacheWrite: 1, totalTokens: 19 }

/** An entry of Claude Code that hangs on another one. */
const claude = (second: number, uuid: string, parentUuid: string | null, type: string, content: unknown) => ({
  parentUuid,
  isSidechain: false,
  type,
  message:
    type === 'assistant'
      ? {
          id: `msg_${uuid}`,
          type: 'message',
          role: type,
          model: 'claude-opus-4-7',
          content,
          usage: { output_tokens: 5 },
        }
      : { role: type, content },
  uuid,
  timestamp: at(second),
  sessionId: 'session-c1',
  cwd: '/w',
  version: '2.1.136',
})

export const SAMPLES: readonly ToolSample[] = [
  sample('claude-code', 'session-c1.jsonl', [
    { type: 'summary', summary: 'The lexer', leafUuid: 'a2' },
    claude(1, 'u1', null, 'user', `Why? ${long}`),
    claude(2, 'a1', 'u1', 'assistant', [{ type: 'text', text: 'I look at the lexer.' }]),
    claude(3, 'a2', 'a1', 'assistant', [
      { type: 'tool_use', id: 'c1', name: 'Read', input: { path: 'lexer.ts' } },
    ]),
    {
      ...claude(4, 'u2', 'a2', 'user', [{ type: 'tool_result', tool_use_id: 'c1', content: long }]),
      toolUseResult: { stdout: long },
    },
    claude(5, 'a3', 'u2', 'assistant', [{ type: 'text', text: 'The end of a field is taken too early.' }]),
    claude(6, 'u3', 'a3', 'user', 'Mend it'),
    claude(7, 'a4', 'u3', 'assistant', [{ type: 'text', text: 'Done.' }]),
    claude(8, 'u4', 'a3', 'user', 'Explain it instead'),
    claude(9, 'a5', 'u4', 'assistant', [{ type: 'text', text: 'A pair of marks is one character.' }]),
    { type: 'ai-title', aiTitle: 'Pairs of quotation marks', sessionId: 'session-c1' },
  ]),
  sample('codex', 'rollout-2026-01-02T03-04-05-r1.jsonl', [
    {
      timestamp: at(0),
      type: 'session_meta',
      payload: { id: 'session-r1', cwd: '/w', cli_version: '0.171.0', git: { branch: 'main' } },
    },
    event(1, { type: 'task_started', turn_id: 't1' }),
    said(1, 'developer', '<permissions instructions>…</permissions instructions>'),
    said(1, 'user', '<environment_context>\n  <cwd>/w</cwd>\n</environment_context>'),
    { timestamp: at(1), type: 'turn_context', payload: { turn_id: 't1', cwd: '/w', model: 'gpt-5' } },
    said(2, 'user', `Why? ${long}`),
    event(2, { type: 'user_message', message: `Why? ${long}` }),
    item(3, { type: 'reasoning', summary: [{ type: 'summary_text', text: '**Looking at the lexer**' }] }),
    said(4, 'assistant', 'I look at the lexer.'),
    item(4, {
      type: 'function_call',
      name: 'exec_command',
      arguments: '{"cmd":"cat lexer.ts"}',
      call_id: 'c1',
    }),
    item(5, { type: 'function_call_output', call_id: 'c1', output: long }),
    event(5, {
      type: 'token_count',
      info: { total_token_usage: { input_tokens: 100, output_tokens: 20, total_tokens: 120 } },
    }),
    item(6, {
      type: 'custom_tool_call',
      name: 'apply_patch',
      input: '*** Begin Patch\n*** End Patch',
      call_id: 'c2',
      status: 'completed',
    }),
    item(6, {
      type: 'custom_tool_call_output',
      call_id: 'c2',
      output: '{"output":"Success","metadata":{"exit_code":0}}',
    }),
    said(7, 'assistant', 'Fixed.'),
    event(7, { type: 'task_complete', turn_id: 't1' }),
    event(8, { type: 'task_started', turn_id: 't2' }),
    said(8, 'user', 'Now add a test.'),
    said(9, 'assistant', 'Added.'),
    event(9, { type: 'task_complete', turn_id: 't2' }),
    event(10, { type: 'thread_rolled_back', num_turns: 1 }),
    event(11, { type: 'task_started', turn_id: 't3' }),
    said(11, 'user', 'Now add two tests.'),
    event(12, { type: 'turn_aborted', reason: 'interrupted' }),
  ]),
  sample('gemini-cli', 'session-2026-01-02T03-04-g1.jsonl', [
    { sessionId: 'g1', projectHash: 'h', startTime: at(0), lastUpdated: at(0), kind: 'main' },
    { id: 'a', timestamp: at(1), type: 'user', content: [{ text: `Why? ${long}` }] },
    {
      id: 'b',
      timestamp: at(2),
      type: 'gemini',
      content: 'I look.',
      model: 'gemini-3',
      thoughts: [{ subject: 'Lexer', description: 'Look there' }],
    },
    {
      id: 'b',
      timestamp: at(2),
      type: 'gemini',
      content: 'I look.',
      model: 'gemini-3',
      toolCalls: [
        {
          id: 'c1',
          name: 'read_file',
          args: { path: 'lexer.ts' },
          status: 'success',
          result: [{ functionResponse: { id: 'c1', name: 'read_file', response: { output: long } } }],
        },
      ],
      tokens: { input: 10, output: 5, cached: 0, total: 15 },
    },
    { $set: { lastUpdated: at(3), summary: 'The lexer' } },
    { id: 'c', timestamp: at(3), type: 'user', content: 'Go on' },
    { id: 'd', timestamp: at(4), type: 'gemini', content: 'Gone on.' },
    { $rewindTo: 'c' },
    { id: 'e', timestamp: at(5), type: 'user', content: 'Stop instead' },
    { id: 'f', timestamp: at(6), type: 'gemini', content: 'Stopped.' },
    { id: 'g', timestamp: at(6), type: 'info', content: 'Update available' },
  ]),
  sample(
    'gemini-cli',
    'session-old.json',
    [
      { id: 'a', timestamp: at(1), type: 'user', content: 'Go' },
      {
        id: 'b',
        timestamp: at(2),
        type: 'gemini',
        content: 'Gone',
        tokens: { input: 1, output: 2, total: 3 },
      },
      { id: 'c', timestamp: at(3), type: 'user', content: 'Further' },
    ],
    {
      document: under('messages', {
        sessionId: 'g0',
        projectHash: 'h',
        startTime: at(0),
        lastUpdated: at(9),
      }),
    },
  ),
  sample('pi', '2026-01-02_p1.jsonl', [
    { type: 'session', version: 3, id: 'session-p1', timestamp: at(0), cwd: '/w' },
    {
      type: 'model_change',
      id: 'm',
      parentId: null,
      timestamp: at(0),
      provider: 'anthropic',
      modelId: 'opus',
    },
    node('1', 'm', { role: 'user', content: 'Go', timestamp: 1 }),
    node('2', '1', {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Where to?' },
        { type: 'text', text: 'I look.' },
        { type: 'toolCall', id: 'c1', name: 'bash', arguments: { command: 'ls' } },
      ],
      model: 'opus',
      usage,
      stopReason: 'toolUse',
    }),
    node('3', '2', {
      role: 'toolResult',
      toolCallId: 'c1',
      toolName: 'bash',
      content: [{ type: 'text', text: long }],
      isError: false,
    }),
    node('4', '3', {
      role: 'assistant',
      content: [{ type: 'text', text: 'Done.' }],
      usage,
      stopReason: 'stop',
    }),
    node('5', '4', { role: 'user', content: [{ type: 'text', text: 'Left' }] }),
    node('6', '5', {
      role: 'assistant',
      content: [{ type: 'text', text: 'Left it is.' }],
      stopReason: 'stop',
    }),
    { type: 'branch_summary', id: '7', parentId: '4', timestamp: at(2), fromId: '6', summary: 'Went left' },
    node('8', '7', { role: 'user', content: [{ type: 'text', text: 'Right' }] }),
    node('9', '8', {
      role: 'assistant',
      content: [{ type: 'text', text: 'Right it is.' }],
      stopReason: 'stop',
    }),
    { type: 'session_info', id: '10', parentId: '9', timestamp: at(3), name: 'Left or right' },
  ]),
  sample(
    'opencode',
    'export.json',
    [
      {
        info: { id: 'msg_1', sessionID: 'ses_1', role: 'user', time: { created: 1767323046000 } },
        parts: [{ id: 'prt_1', type: 'text', text: 'Go' }],
      },
      {
        info: {
          id: 'msg_2',
          sessionID: 'ses_1',
          role: 'assistant',
          time: { created: 1767323047000 },
          modelID: 'opus',
          tokens: { input: 1, output: 2, reasoning: 0, cache: { read: 3, write: 4 } },
        },
        parts: [
          { id: 'prt_2', type: 'step-start' },
          { id: 'prt_3', type: 'reasoning', text: 'Where to?' },
          {
            id: 'prt_4',
            type: 'tool',
            callID: 'c1',
            tool: 'bash',
            state: { status: 'completed', input: { command: 'ls' }, output: long },
          },
          {
            id: 'prt_5',
            type: 'tool',
            callID: 'c2',
            tool: 'bash',
            state: { status: 'error', input: { command: 'rm' }, error: 'no' },
          },
          { id: 'prt_6', type: 'text', text: 'Gone.' },
        ],
      },
      {
        info: { id: 'msg_3', sessionID: 'ses_1', role: 'user', time: { created: 1767323048000 } },
        parts: [{ id: 'prt_7', type: 'text', text: 'Further' }],
      },
    ],
    {
      document: under('messages', {
        info: {
          id: 'ses_1',
          title: 'A walk',
          directory: '/w',
          version: '1.2.0',
          time: { created: 1767323045000, updated: 1767323049000 },
        },
      }),
    },
  ),
  sample('copilot-cli', 'events.jsonl', [
    {
      type: 'session.start',
      id: '1',
      parentId: null,
      timestamp: at(0),
      data: { sessionId: 'k1', copilotVersion: '1.0.0', context: { cwd: '/w', branch: 'main' } },
    },
    { type: 'user.message', id: '2', parentId: '1', timestamp: at(1), data: { content: 'Go' } },
    {
      type: 'assistant.message',
      id: '3',
      parentId: '2',
      timestamp: at(2),
      data: {
        messageId: 'm',
        content: 'I look.',
        reasoningText: 'Where to?',
        toolRequests: [{ toolCallId: 'c1', name: 'bash', arguments: { command: 'ls' } }],
      },
    },
    {
      type: 'tool.execution_start',
      id: '4',
      parentId: '3',
      timestamp: at(2),
      data: { toolCallId: 'c1', toolName: 'bash' },
    },
    {
      type: 'tool.execution_complete',
      id: '5',
      parentId: '4',
      timestamp: at(3),
      data: { toolCallId: 'c1', success: true, result: { content: long } },
    },
    {
      type: 'assistant.message',
      id: '6',
      parentId: '5',
      timestamp: at(4),
      data: { messageId: 'n', content: 'Gone.', toolRequests: [] },
    },
    { type: 'user.message', id: '7', parentId: '6', timestamp: at(5), data: { content: 'Further' } },
    { type: 'abort', id: '8', parentId: '7', timestamp: at(6), data: { reason: 'user initiated' } },
  ]),
  sample('copilot-chat', 'chat.jsonl', [
    { kind: 0, v: { version: 3, creationDate: 1767323045000, sessionId: 'h1', requests: [] } },
    { kind: 1, k: ['customTitle'], v: 'A walk' },
    {
      kind: 2,
      k: ['requests'],
      v: [
        {
          requestId: 'r',
          timestamp: 1767323046000,
          message: { text: 'Go' },
          modelId: 'copilot/gpt-4o',
          response: [{ value: 'Gone.' }],
          result: {
            metadata: {
              toolCallRounds: [
                {
                  response: 'I look.',
                  toolCalls: [{ id: 'c1', name: 'read_file', arguments: '{"path":"a"}' }],
                },
                { response: 'Gone.', toolCalls: [] },
              ],
              toolCallResults: { c1: { content: [{ value: long }] } },
            },
          },
        },
      ],
    },
    { kind: 1, k: ['inputState', 'inputText'], v: 'Fur' },
    {
      kind: 2,
      k: ['requests'],
      v: [
        {
          requestId: 's',
          timestamp: 1767323047000,
          message: { text: 'Further' },
          response: [{ value: 'There.' }],
        },
      ],
    },
  ]),
  sample('cursor', 'u1.jsonl', [
    { role: 'user', message: { content: [{ type: 'text', text: '<user_query>\nGo\n</user_query>' }] } },
    {
      role: 'assistant',
      message: {
        content: [
          { type: 'text', text: 'I look.' },
          { type: 'tool_use', name: 'Read', input: { path: 'a' } },
        ],
      },
    },
    { role: 'assistant', message: { content: [{ type: 'text', text: long }] } },
    { role: 'user', message: { content: [{ type: 'text', text: 'Further' }] } },
  ]),
  sample(
    'openhands',
    'events.json',
    [
      {
        id: 0,
        timestamp: '2026-01-02T03:04:05.000000',
        source: 'agent',
        message: 'x',
        action: 'system',
        args: { content: 'You are an agent.' },
      },
      {
        id: 1,
        timestamp: '2026-01-02T03:04:06.000000',
        source: 'user',
        message: 'Go',
        action: 'message',
        args: { content: 'Go' },
      },
      {
        id: 2,
        timestamp: '2026-01-02T03:04:07.000000',
        source: 'agent',
        message: 'Running',
        action: 'run',
        args: { command: 'ls', thought: 'I look.' },
        tool_call_metadata: {
          function_name: 'execute_bash',
          tool_call_id: 'c1',
          model_response: { model: 'opus', usage: { prompt_tokens: 3, completion_tokens: 4 } },
        },
      },
      {
        id: 3,
        timestamp: '2026-01-02T03:04:08.000000',
        source: 'agent',
        message: 'Ran',
        cause: 2,
        observation: 'run',
        content: long,
        tool_call_metadata: { function_name: 'execute_bash', tool_call_id: 'c1' },
      },
      {
        id: 4,
        timestamp: '2026-01-02T03:04:09.000000',
        source: 'agent',
        message: '',
        action: 'think',
        args: { thought: 'Hm.' },
      },
      {
        id: 5,
        timestamp: '2026-01-02T03:04:10.000000',
        source: 'user',
        message: 'Further',
        action: 'message',
        args: { content: 'Further' },
      },
      {
        id: 6,
        timestamp: '2026-01-02T03:04:11.000000',
        source: 'agent',
        message: 'Done',
        action: 'finish',
        args: { final_thought: 'Done.', outputs: {} },
      },
    ],
    {
      least: 1,
      document: (entries) =>
        `${JSON.stringify(
          entries.map((entry) => JSON.parse(entry)),
          null,
          4,
        )}\n`,
    },
  ),
  sample('openhands', 'sdk.json', [
    {
      id: 's',
      timestamp: at(0),
      source: 'agent',
      kind: 'SystemPromptEvent',
      system_prompt: { type: 'text', text: 'You are an agent.' },
    },
    {
      id: 'u',
      timestamp: at(1),
      source: 'user',
      kind: 'MessageEvent',
      llm_message: { role: 'user', content: [{ type: 'text', text: 'Go' }] },
    },
    {
      id: 'a',
      timestamp: at(2),
      source: 'agent',
      kind: 'ActionEvent',
      thought: [{ type: 'text', text: 'I look.' }],
      reasoning_content: 'Where to?',
      action: { command: 'ls', kind: 'TerminalAction' },
      tool_name: 'terminal',
      tool_call_id: 'c1',
    },
    {
      id: 'o',
      timestamp: at(3),
      source: 'environment',
      kind: 'ObservationEvent',
      tool_name: 'terminal',
      tool_call_id: 'c1',
      action_id: 'a',
      observation: { content: [{ type: 'text', text: long }], is_error: false },
    },
    {
      id: 'e',
      timestamp: at(4),
      source: 'agent',
      kind: 'AgentErrorEvent',
      tool_name: 'terminal',
      tool_call_id: 'c9',
      error: 'no such tool',
    },
    {
      id: 'm',
      timestamp: at(5),
      source: 'agent',
      kind: 'MessageEvent',
      llm_message: { role: 'assistant', content: [{ type: 'text', text: 'Done.' }] },
    },
    {
      id: 'v',
      timestamp: at(6),
      source: 'user',
      kind: 'MessageEvent',
      llm_message: { role: 'user', content: [{ type: 'text', text: 'Further' }] },
    },
  ]),
  sample(
    'swe-agent',
    'task.traj',
    [
      { history: { role: 'system', content: 'You are an agent.', agent: 'main' } },
      { history: { role: 'user', content: `Solve: ${long}`, agent: 'main' } },
      {
        history: {
          role: 'assistant',
          content: 'I look.',
          thought: 'I look.',
          action: 'ls',
          agent: 'main',
          tool_calls: [{ function: { arguments: '{}', name: 'ls' }, id: 'c1', type: 'function' }],
        },
      },
      { history: { role: 'tool', content: 'a b', agent: 'main', tool_call_ids: ['c1'] } },
      { trajectory: { action: 'ls', observation: 'a b', response: 'I look.' } },
      { history: { role: 'assistant', content: 'Done.', action: 'submit', agent: 'main' } },
      { history: { role: 'user', content: 'Submitted', agent: 'main' } },
      { trajectory: { action: 'submit', observation: 'Submitted', response: 'Done.' } },
    ],
    {
      document: (entries) => {
        const of = (key: string) =>
          entries.map((entry) => JSON.parse(entry)).flatMap((entry) => entry[key] ?? [])
        const document = {
          environment: 'main',
          trajectory: of('trajectory'),
          history: of('history'),
          info: { exit_status: 'submitted' },
        }
        return `${JSON.stringify(document, null, 2)}\n`
      },
      least: 5,
    },
  ),
  sample(
    'mini-swe-agent',
    'task.traj.json',
    [
      { role: 'system', content: 'You are an agent.' },
      { role: 'user', content: `Solve: ${long}` },
      {
        role: 'assistant',
        content: 'I look.',
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'bash', arguments: '{"command":"ls"}' } },
        ],
        extra: { timestamp: 1767323046.5, response: { usage: { prompt_tokens: 1, completion_tokens: 2 } } },
      },
      { role: 'tool', tool_call_id: 'c1', content: 'a b', extra: { timestamp: 1767323047.5 } },
      { role: 'assistant', content: 'Done.', extra: {} },
      { role: 'exit', content: 'Submitted', extra: { exit_status: 'Submitted' } },
    ],
    {
      document: under(
        'messages',
        { info: { mini_version: '2.0.0', config: { model: { model_name: 'opus' } } } },
        { trajectory_format: 'mini-swe-agent-1.1', instance_id: 'task-1' },
      ),
    },
  ),
  sample(
    'moatless',
    'tree.json',
    [
      { node_id: 0, message: `Solve: ${long}`, parent_id: null },
      {
        node_id: 1,
        action: {
          scratch_pad: 'I look.',
          file: 'a',
          action_args_class: 'moatless.actions.find.FindClassArgs',
        },
        observation: { message: long },
        completions: { build_action: { usage: { prompt_tokens: 1, completion_tokens: 2 } } },
        parent_id: 0,
      },
      {
        node_id: 2,
        action: { scratch_pad: '', action_args_class: 'moatless.actions.finish.FinishArgs' },
        parent_id: 1,
      },
      {
        node_id: 3,
        action: {
          scratch_pad: 'Otherwise.',
          query: 'b',
          action_args_class: 'moatless.actions.find.FindFunctionArgs',
        },
        observation: { message: 'Nothing' },
        parent_id: 0,
      },
    ],
    {
      least: 1,
      document: under('nodes', {
        metadata: { instance_id: 'moat-1' },
        agent: { completion: { model: 'opus' } },
      }),
    },
  ),
  sample(
    'aider',
    'aider-2026-01-02T03-04-05.aider.chat.history.md',
    [
      '# aider chat started at 2026-01-02 03:04:05\n',
      '\n',
      '> Aider v0.80\n',
      '> Main model: opus with diff\n',
      '\n',
      '#### Go\n',
      '#### and look around\n',
      '\n',
      'I look.\n',
      `${long}\n`,
      '\n',
      '> Tokens: 1k sent\n',
      '\n',
      '#### Further\n',
      'There.\n',
    ].map((text) => ({ text })),
    { document: (entries) => entries.map((entry) => JSON.parse(entry).text).join(''), least: 1 },
  ),
  sample(
    'goose',
    '20260102_030405.jsonl',
    [
      { id: 'u', role: 'user', created: 1767323046, content: [{ type: 'text', text: 'Go' }] },
      {
        id: 'a',
        role: 'assistant',
        created: 1767323047,
        content: [
          { type: 'text', text: 'I look.' },
          {
            type: 'toolRequest',
            id: 'c1',
            toolCall: { status: 'success', value: { name: 'shell', arguments: { command: 'ls' } } },
          },
        ],
      },
      {
        id: 'r',
        role: 'user',
        created: 1767323048,
        content: [
          {
            type: 'toolResponse',
            id: 'c1',
            toolResult: { status: 'success', value: [{ type: 'text', text: long }] },
          },
        ],
      },
      { id: 'b', role: 'assistant', created: 1767323049, content: [{ type: 'text', text: 'Gone.' }] },
      { id: 'v', role: 'user', created: 1767323050, content: [{ type: 'text', text: 'Further' }] },
    ],
    {
      document: (entries) =>
        [JSON.stringify({ working_dir: '/w', description: 'A walk', message_count: 5 }), ...entries, ''].join(
          '\n',
        ),
    },
  ),
  sample(
    'atif',
    'trajectory.json',
    [
      { step_id: 1, timestamp: at(0), source: 'system', message: 'You are an agent.' },
      { step_id: 2, timestamp: at(1), source: 'user', message: 'Go' },
      {
        step_id: 3,
        timestamp: at(2),
        source: 'agent',
        model_name: 'opus',
        message: 'I look.',
        reasoning_content: 'Where to?',
        tool_calls: [{ tool_call_id: 'c1', function_name: 'bash', arguments: { command: 'ls' } }],
        observation: { results: [{ source_call_id: 'c1', content: long }] },
        metrics: { prompt_tokens: 1, completion_tokens: 2, cached_tokens: 1 },
      },
      { step_id: 4, timestamp: at(3), source: 'user', message: 'Further' },
      { step_id: 5, timestamp: at(4), source: 'agent', message: [{ type: 'text', text: 'There.' }] },
    ],
    {
      document: under(
        'steps',
        {
          schema_version: 'ATIF-v1.4',
          session_id: 'atif-1',
          agent: { name: 'a', version: '1', model_name: 'opus' },
        },
        { final_metrics: { total_steps: 5 } },
        undefined,
      ),
    },
  ),
  sample('codex-tui-log', 'session-20260102T030405Z.jsonl', [
    { ts: at(0), dir: 'meta', kind: 'session_start', cwd: '/w', model: 'gpt-oss' },
    {
      ts: at(0),
      dir: 'to_tui',
      kind: 'codex_event',
      payload: { id: '0', msg: { type: 'session_configured', session_id: 'x1', model: 'gpt-oss' } },
    },
    { ts: at(1), dir: 'to_tui', kind: 'key_event', event: 'KeyEvent { code: Enter }' },
    {
      ts: at(1),
      dir: 'from_tui',
      kind: 'op',
      payload: { type: 'user_input', items: [{ type: 'text', text: 'Go' }] },
    },
    { ts: at(2), dir: 'to_tui', kind: 'codex_event', payload: { id: '1', msg: { type: 'task_started' } } },
    {
      ts: at(3),
      dir: 'to_tui',
      kind: 'codex_event',
      payload: { id: '1', msg: { type: 'exec_command_begin', call_id: 'c1', command: ['ls'] } },
    },
    {
      ts: at(3),
      dir: 'to_tui',
      kind: 'codex_event',
      payload: { id: '1', msg: { type: 'exec_command_end', call_id: 'c1', stdout: long, exit_code: 0 } },
    },
    {
      ts: at(4),
      dir: 'to_tui',
      kind: 'codex_event',
      payload: { id: '1', msg: { type: 'agent_message', message: 'Gone.' } },
    },
    { ts: at(5), dir: 'to_tui', kind: 'codex_event', payload: { id: '1', msg: { type: 'task_complete' } } },
  ]),
]
