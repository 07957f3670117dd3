/** Light or dark: the choice of the system, or of the user on this page. */

export type Theme = 'auto' | 'light' | 'dark'

const KEY = 'forkpoint-theme'
const ORDER: readonly Theme[] = ['auto', 'light', 'dark']

export function themeNow(): Theme {
  const chosen = stored()
  return ORDER.find((theme) => theme === chosen) ?? 'auto'
}

export function setTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // Without storage, the choice is forgotten.
  }
}

export const nextTheme = (theme: Theme): Theme => ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length]!

function stored(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}
