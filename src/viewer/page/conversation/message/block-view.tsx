/**
 * Shows a block of a message: text as Markdown, a call as one line that unfolds, an edit as a diff, an image as an
 * image.
 */

import { isJsonObject } from '../../../../json-value.ts'
import type { CallBlock, FileBlock, ResultBlock } from '../../../../view/block.ts'
import { editsOf } from '../../../../view/edit.ts'
import { listing } from '../../../../view/listing.ts'
import type { FileAt, ShownMessage } from '../../../wire.ts'
import { data } from '../../data.ts'
import { hashOf } from '../../route.ts'
import { Icon } from '../../shell/icon.tsx'
import { Code, languageOf } from '../../text/code.tsx'
import { bytes, count } from '../../text/format.ts'
import { Link, Markdown } from '../../text/markdown.tsx'
import { Plain, shownLine } from '../../text/plain.tsx'
import type { Place } from '../place.ts'
import { EditView } from './edit-view.tsx'
import { Fold } from './folds.tsx'

export interface BlockProps {
  block: ShownMessage['blocks'][number]
  /** Result of the call. */
  result?: ResultBlock | undefined
  /** Id of the run of the sub-agent that the call started. */
  agent?: string | undefined
  place: Place
  /** Number of the message. */
  index: number
  /** Unique key of the block, for its fold state. */
  fold: string
}

export function BlockView({ block, result, agent, place, index, fold }: BlockProps) {
  switch (block.kind) {
    case 'text':
      return <Markdown text={block.text} />
    case 'thinking':
      return block.text === '' ? null : <Thinking text={block.text} fold={fold} />
    case 'call':
      return <Call call={block} result={result} agent={agent} session={place.session} fold={fold} />
    case 'result':
      return <Call result={block} session={place.session} fold={fold} />
    case 'file':
      return <File file={block} place={place} index={index} />
    case 'error':
      return (
        <div class="problem">
          <Plain text={block.text} />
        </div>
      )
    case 'other':
      return <Other type={block.type} value={block.value} fold={fold} />
  }
}

const Thinking = ({ text, fold }: { text: string; fold: string }) => (
  <Fold fold={fold} class="thinking" icon="think" label="Thinking" gist={gist(text)} isProse>
    {() => <Markdown text={text} />}
  </Fold>
)

interface CallProps {
  call?: CallBlock
  result?: ResultBlock | undefined
  agent?: string | undefined
  session: string
  fold: string
}

/** Shows a call with its result, or a result alone. */
function Call({ call, result, agent, session, fold }: CallProps) {
  const edits = call && editsOf(call)
  const size = edits?.edits.reduce(
    (sum, { before, after, patch }) => sum + before.length + after.length + patch.length,
    0,
  )
  const failed = result?.failed === true
  const tool = call?.tool || result?.tool || 'tool'
  const about =
    edits?.edits.map(({ path }) => path).join(', ') ??
    (call === undefined ? gistOf(result?.output) : gistOf(call.input))
  const input = edits === undefined ? call?.input : edits.rest
  return (
    <Fold
      fold={fold}
      opened={size !== undefined && size < SHORT_EDIT}
      class={failed ? 'call failed' : 'call'}
      call={call?.id}
      icon={edits !== undefined ? 'edit' : RUNS_COMMANDS.test(tool) ? 'terminal' : 'tool'}
      label={call === undefined ? `${shownLine(tool)} result` : shownLine(tool)}
      gist={gist(about)}
      failed={failed}
    >
      {() => (
        <div class="inside">
          {edits?.edits.map((edit) => (
            <EditView edit={edit} />
          ))}
          {call !== undefined && !isEmpty(input) && (
            <Value label="input" value={input} language={isCommand(call) ? 'bash' : undefined} />
          )}
          {agent !== undefined && (
            <a class="agent-link" href={hashOf({ view: 'replay', session, run: agent })}>
              <Icon name="play" /> What the sub-agent did
            </a>
          )}
          {result !== undefined && (
            <Value
              label={failed ? 'failed' : 'result'}
              value={result.output}
              language={resultLanguage(call)}
            />
          )}
        </div>
      )}
    </Fold>
  )
}

const RUNS_COMMANDS = /bash|shell|exec|terminal/i

/** Never SVG, which can contain code. */
const IMAGE = /^data:image\/(?:png|jpeg|gif|webp);base64,/

/** Most characters of edits that are shown unfolded. */
const SHORT_EDIT = 4000

function Value({ label, value, language }: { label: string; value: unknown; language?: string | undefined }) {
  const only = isJsonObject(value) ? Object.values(value) : []
  const text =
    typeof value === 'string' ? value : only.length === 1 && typeof only[0] === 'string' ? only[0] : undefined
  return (
    <div class={`value ${label}`}>
      <span class="label">
        {only.length === 1 && text !== undefined ? shownLine(Object.keys(value as object)[0] ?? '') : label}
      </span>
      {value === undefined || value === '' ? (
        <span class="quiet">nothing</span>
      ) : (
        <Code
          text={text ?? listing(value, (inner) => inner)}
          language={text === undefined ? undefined : language}
        />
      )}
    </div>
  )
}

const isCommand = ({ tool, input }: CallBlock): boolean =>
  RUNS_COMMANDS.test(tool) || (isJsonObject(input) && typeof input.command === 'string')

/** Returns the language of a result that was read from a file, by the name of the file. */
function resultLanguage(call: CallBlock | undefined): string | undefined {
  if (call === undefined || !/read|view|cat|open/i.test(call.tool) || !isJsonObject(call.input))
    return undefined
  const path = call.input.file_path ?? call.input.path ?? call.input.filePath
  return typeof path === 'string' ? languageOf(path) : undefined
}

function File({ file, place, index }: { file: FileBlock; place: Place; index: number }) {
  const { name, about, mediaType } = file
  const label = shownLine(name ?? about)
  const { data: content } = file
  if (typeof content === 'string') {
    if (IMAGE.test(content)) return <Picture source={content} label={label} />
    return (
      <p class="file">
        <Icon name="file" />{' '}
        <Link url={content} text={content}>
          {shownLine(content)}
        </Link>
      </p>
    )
  }
  if (!isJsonObject(content) || typeof content.file !== 'number')
    return (
      <p class="file">
        <Icon name="file" /> {label}
      </p>
    )
  const at = content as unknown as FileAt
  const address = data.fileAddress(place.session, place.tip, index, at.file)
  if (at.mediaType !== undefined && address !== '') return <Picture source={address} label={label} />
  return (
    <p class="file">
      <Icon name="file" />{' '}
      {address === '' ? (
        label
      ) : (
        <a href={address} download={name ?? 'file'}>
          {label}
        </a>
      )}{' '}
      <span class="quiet">
        {shownLine(mediaType ?? '')} {bytes(at.bytes)}
      </span>
    </p>
  )
}

const Picture = ({ source, label }: { source: string; label: string }) => (
  <img class="picture" src={source} alt={label} loading="lazy" />
)

const Other = ({ type, value, fold }: { type: string | undefined; value: unknown; fold: string }) => (
  <Fold fold={fold} class="call" icon="file" label={shownLine(type ?? 'data')} gist={gist(gistOf(value))}>
    {() => <Value label="data" value={value} />}
  </Fold>
)

const gist = (text: string): string => {
  const line = text.trimStart().slice(0, 300)
  return shownLine(line.replace(/\s+/g, ' '))
}

/** Summarizes a value in one line. */
function gistOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return count(value.length, 'item')
  if (!isJsonObject(value)) return value === undefined ? '' : String(value)
  for (const key of TELLING) if (typeof value[key] === 'string' && value[key] !== '') return value[key]
  return JSON.stringify(value).slice(0, 300)
}

const TELLING = [
  'command',
  'cmd',
  'description',
  'file_path',
  'filePath',
  'path',
  'pattern',
  'query',
  'url',
  'prompt',
  'text',
  'message',
]

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === '' || (isJsonObject(value) && Object.keys(value).length === 0)
