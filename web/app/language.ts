/** The reader's language: the one chosen last in this browser, else the browser's own. */
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { en } from '../words/en.ts'
import { type Format, formatFor, type Locale } from '../words/format.ts'
import { ko } from '../words/ko.ts'
import type { Words } from '../words/words.ts'
import { Store } from './store.ts'

export interface Language {
  readonly locale: Locale
  readonly words: Words
  readonly format: Format
}

const KEPT = 'holdfast.language'

function preferred(): Locale {
  const wanted = [kept(), ...navigator.languages].find((one) => /^(en|ko)\b/.test(one ?? ''))
  return wanted?.startsWith('ko') ? 'ko' : 'en'
}

/** Storage may be forbidden; then the choice lasts as long as the page. */
function kept(): string | null {
  try {
    return localStorage.getItem(KEPT)
  } catch {
    return null
  }
}

export const locale = new Store<Locale>(preferred())

export function chooseLocale(chosen: Locale): void {
  locale.set(chosen)
  try {
    localStorage.setItem(KEPT, chosen)
  } catch {
    // See kept().
  }
}

export const languageOf = (chosen: Locale): Language => ({
  locale: chosen,
  words: chosen === 'ko' ? ko : en,
  format: formatFor(chosen),
})

export const LanguageContext = createContext<Language>(languageOf('en'))

export const useLanguage = (): Language => useContext(LanguageContext)
