/** An input for words to search for; the key `/` goes there. */
import { useRef } from 'preact/hooks'
import { Icon } from './icon.tsx'
import { useKeys } from './keys.ts'

interface SearchInputProps {
  label: string
  /** What the help says about the key. */
  about: string
  value: string
  change: (words: string) => void
}

export function SearchInput({ label, about, value, change }: SearchInputProps) {
  const box = useRef<HTMLInputElement>(null)
  useKeys([{ key: '/', about, run: () => box.current?.focus() }])
  return (
    <label class="search-box">
      <Icon name="search" />
      <span class="unseen">{label}</span>
      <input
        ref={box}
        type="search"
        placeholder={label}
        value={value}
        onInput={(event) => change(event.currentTarget.value)}
      />
      <span class="key" aria-hidden="true">
        /
      </span>
    </label>
  )
}
