import { shownLine } from '../text/plain.tsx'

/** Icons next to words. A screen reader never depends on them. */
const PATHS = {
  search: 'M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10Zm3.7-1.3L14 14',
  branch:
    'M4 5.2v5.6M12 6.2c0 3.4-8 1.4-8 4.6M4 5.2a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6Zm0 9.2a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6Zm8-8.2a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6Z',
  tag: 'M2 2h5.5l6.5 6.5-5.5 5.5L2 7.5V2Zm3 3h.01',
  play: 'M4 2.5v11l9-5.5-9-5.5Z',
  pause: 'M5 3v10M11 3v10',
  back: 'M11 3 5 8l6 5M3.5 3v10',
  next: 'm5 3 6 5-6 5M12.5 3v10',
  compare: 'M2 3h5v10H2zM9 3h5v10H9zM4 6h1M4 8h1M11 6h1M11 8h1M11 10h1',
  tool: 'M9.5 2.5a3.5 3.5 0 0 0-1.2 4.7L2.5 13l.5.5 5.8-5.8a3.5 3.5 0 0 0 4.7-4.7L11.2 5.3 9 7',
  edit: 'M10.5 2.5l3 3L6 13H3v-3l7.5-7.5Z',
  terminal: 'M2 3h12v10H2zM4.5 6l2 2-2 2M8.5 10h3',
  think: 'M8 2a4 4 0 0 0-2.2 7.3V11h4.4V9.3A4 4 0 0 0 8 2ZM6.5 13.5h3',
  file: 'M3.5 1.5h6l3 3v10h-9v-13Zm6 0v3h3',
  theme: 'M8 2a6 6 0 1 0 0 12V2Z',
  help: 'M6 6a2 2 0 1 1 2.6 1.9c-.4.2-.6.5-.6 1v.6M8 12h.01',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-9v3.5l2 1',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  )
}

/** The name of a branch or tag. */
export const NameChip = ({ kind, name, active = false }: NameChipProps) => (
  <span class={active ? `chip ${kind} active` : `chip ${kind}`}>
    <Icon name={kind} /> {shownLine(name)}
  </span>
)

interface NameChipProps {
  kind: 'branch' | 'tag'
  name: string
  active?: boolean
}
