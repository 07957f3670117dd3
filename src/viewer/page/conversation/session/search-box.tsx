/** Searches the whole conversation, including messages that are not on the page. */
import { useEffect, useState } from 'preact/hooks'
import type { Search } from '../../../wire.ts'
import { data } from '../../data.ts'
import { hashOf } from '../../route.ts'
import { SearchInput } from '../../shell/search-input.tsx'
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
      <SearchInput
        label="Search in this session"
        about="search in this session"
        value={words}
        change={setWords}
      />
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
