/** Numbers, money and times in the reader's language. */
import type { Money } from '../../client/holdfast.ts'

export type Locale = 'en' | 'ko'

export interface Format {
  money(amount: Money): string
  number(value: number): string
  /** `Sat, 17 May 2031, 19:00`, in the reader's time zone, which is named. */
  startsAt(time: string): string
  /** The same where there is little room. */
  startsAtShort(time: string): string
  /** The hour alone, in the reader's time zone, which is named. */
  hour(time: string): string
  day(time: string): { day: string; month: string; weekday: string }
}

export function formatFor(locale: Locale): Format {
  const numbers = new Intl.NumberFormat(locale)
  const clock = { hour: 'numeric', minute: '2-digit' } as const
  const start = new Intl.DateTimeFormat(locale, {
    ...{ weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' },
    ...clock,
    timeZoneName: 'short',
  })
  const shortly = new Intl.DateTimeFormat(locale, {
    ...{ weekday: 'short', year: 'numeric', month: 'short', day: 'numeric' },
    ...clock,
  })
  const hour = new Intl.DateTimeFormat(locale, { ...clock, timeZoneName: 'short' })
  const part = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options)
  const [day, month, weekday] = [
    part({ day: 'numeric' }),
    part({ month: 'short', year: 'numeric' }),
    part({ weekday: 'short' }),
  ]
  return {
    money: moneyFormat(locale),
    number: (value) => numbers.format(value),
    startsAt: (time) => start.format(new Date(time)),
    startsAtShort: (time) => shortly.format(new Date(time)),
    hour: (time) => hour.format(new Date(time)),
    day: (time) => ({
      day: day.formatToParts(new Date(time)).find(({ type }) => type === 'day')?.value ?? '',
      month: month.format(new Date(time)),
      weekday: weekday.format(new Date(time)),
    }),
  }
}

/** How many decimals a currency has is the platform's knowledge: 0 for KRW, 2 for EUR. */
function moneyFormat(locale: Locale): Format['money'] {
  const known = new Map<string, { format: Intl.NumberFormat; unit: number }>()
  return ({ currency, value }) => {
    let one = known.get(currency)
    if (!one) {
      const format = new Intl.NumberFormat(locale, {
        ...{ style: 'currency', currency, currencyDisplay: 'narrowSymbol' },
      })
      one = { format, unit: 10 ** (format.resolvedOptions().maximumFractionDigits ?? 0) }
      known.set(currency, one)
    }
    return one.format.format(value / one.unit)
  }
}

/** `4:05`, and `0:00` for what is over. Seconds are rounded up: 0:00 means now. */
export function clockTime(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1_000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
