import { useEffect, useMemo } from 'preact/hooks'
import { chooseLocale, LanguageContext, languageOf, locale } from '../app/language.ts'
import { route } from '../app/route.ts'
import { useStore } from '../app/store.ts'
import { Mark } from './Icon.tsx'
import { ShowList } from './ShowList.tsx'
import { ShowPage } from './ShowPage.tsx'

export function App() {
  const chosen = useStore(locale)
  const language = useMemo(() => languageOf(chosen), [chosen])
  const where = useStore(route)
  const { words } = language
  useEffect(() => {
    document.documentElement.lang = chosen
  }, [chosen])
  const { code, label } = words.otherLanguage
  return (
    <LanguageContext.Provider value={language}>
      <button class="skip" type="button" onClick={skip}>
        {words.skipToContent}
      </button>
      <header class="masthead">
        <a class="brand" href="#/">
          <Mark />
          {words.brand}
        </a>
        <button class="quiet" type="button" lang={code} onClick={() => chooseLocale(code)}>
          {label}
        </button>
      </header>
      {where.page === 'show' ? <ShowPage key={where.showId} showId={where.showId} /> : <ShowList />}
    </LanguageContext.Provider>
  )
}

const skip = (): void => document.getElementById('content')?.focus()
