/** Searches the whole conversation, including messages that are not on the page. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Search } from '../../../wire.ts'
import { data } from '../../data.ts'
import { hashOf } from '../../route.ts'
import { Icon } from '../../shell/icon.tsx'
import { useKeys } from '../../shell/keys.ts'
import { count } from '../../text/format.ts'
import { shownLine } from '../../text/plain.tsx'

interface SearchBoxProps {
  session: string
  tip: string
  at: string
  exact: boolean
}

export function SearchBox({ session, tip, at, exact }: SearchBoxProps) {
  const [words, setWords] = useState('')
  const [search, setSearch] = useState<Search>()
  const box = useRef<HTMLInputElement>(null)
  useKeys([{ key: '/', about: 'search in this session', run: () => box.current?.focus() }])
  useEffect(() => {
    if (words.trim() === '') {
      setSearch(undefined)
      return
    }
    let isWanted = true
    const timer = setTimeout(() => {
      data.search(session, tip, words.trim()).then(
        (found) => isWanted && setSearch(found),
        () => undefined,
      )
    }, 120)
    return () => {
      isWanted = false
      clearTimeout(timer)
    }
  }, [session, tip, words])
  return (
    <search class="search">
      <label class="search-box">
        <Icon name="search" />
        <span class="unseen">Search in this session</span>
        <input
          ref={box}
          type="search"
          placeholder="Search in this session"
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
        <span class="key" aria-hidden="true">
          /
        </span>
      </label>
      {search !== undefined && (
        <div class="hits">
          <p class="quiet" role="status">
            {count(search.found.length, 'message')}
            {search.more ? ' and more' : ''}
          </p>
          <ul>
            {search.found.map(({ index, who, before, match, after }) => (
              <li>
                <a href={hashOf({ view: 'session', session, at, exact, message: index })}>
                  <span class="quiet">
                    #{index} {shownLine(who ?? '')}
                  </span>
                  <span class="hit">
                    {shownLine(before.slice(-30))}
                    <mark>{shownLine(match)}</mark>
                    {shownLine(after)}
                  </span>
                </a>
              </li>
            ))}
          </ul>
        </div>
      )}
    </search>
  )
}
