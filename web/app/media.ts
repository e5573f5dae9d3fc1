import { useEffect, useState } from 'preact/hooks'

/** Where the sheet lies below the map instead of beside it; the style sheets say the same. */
export const NARROW = '(max-width: 56rem)'

/** Whether a media query holds, followed. */
export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches)
  useEffect(() => {
    const list = matchMedia(query)
    const look = () => setHolds(list.matches)
    list.addEventListener('change', look)
    look()
    return () => list.removeEventListener('change', look)
  }, [query])
  return holds
}
