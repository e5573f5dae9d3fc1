import { useState } from 'preact/hooks'
import type { House } from '../app/house.ts'
import { type Language, useLanguage } from '../app/language.ts'
import { type Claims, priceOf } from '../booking/claims.ts'
import { Countdown } from './Countdown.tsx'

type Card = 'works' | 'declined' | 'slow'

/** What the sandbox provider's own form would have given the buyer. */
const TOKENS: Record<Card, string> = {
  works: 'tok_ok',
  declined: 'tok_declined',
  slow: 'tok_slow_4000',
}
const CARDS = Object.keys(TOKENS) as Card[]
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/

export function Pay({
  house,
  claims,
  onBack,
}: {
  house: House
  claims: Claims
  onBack: () => void
}) {
  const language = useLanguage()
  const { words, format, locale } = language
  const [card, setCard] = useState<Card>('works')
  const [email, setEmail] = useState('')
  const [isWrong, setIsWrong] = useState(false)
  const value = priceOf(claims, () => 0)
  const amount = format.money({ currency: house.show.currency, value })
  const pay = (event: Event) => {
    event.preventDefault()
    const wrong = email !== '' && !EMAIL.test(email)
    setIsWrong(wrong)
    if (wrong) return document.getElementById('email')?.focus()
    void house.desk.checkout(TOKENS[card], email ? { email, locale } : undefined)
  }
  return (
    <form class="pay" noValidate onSubmit={pay}>
      <h2 tabIndex={-1}>{words.pay.title}</h2>
      <Countdown house={house} />
      <Cards language={language} card={card} onChoose={setCard} />
      <div class="field">
        <label for="email">{words.pay.email}</label>
        <input
          id="email"
          type="email"
          autocomplete="email"
          value={email}
          aria-invalid={isWrong}
          aria-describedby="email-hint"
          onInput={(event) => setEmail(event.currentTarget.value)}
        />
        <p id="email-hint" class={isWrong ? 'wrong' : ''}>
          {isWrong ? words.pay.emailWrong : words.pay.emailHint}
        </p>
      </div>
      {claims.length > 1 && <p class="note">{words.pay.charges(claims.length)}</p>}
      <button class="primary" type="submit">
        {words.pay.button(amount)}
      </button>
      <button class="plain wide" type="button" onClick={onBack}>
        {words.pay.back}
      </button>
    </form>
  )
}

function Cards(of: { language: Language; card: Card; onChoose: (card: Card) => void }) {
  const { words } = of.language
  return (
    <fieldset class="choice">
      <legend>{words.pay.cards}</legend>
      <p class="note">{words.pay.sandbox}</p>
      {CARDS.map((one) => (
        <label key={one}>
          <input
            type="radio"
            name="card"
            value={one}
            checked={of.card === one}
            onChange={() => of.onChoose(one)}
          />
          <span>
            <strong>{words.pay[one]}</strong>
            <span>{words.pay[`${one}Hint`]}</span>
          </span>
        </label>
      ))}
    </fieldset>
  )
}
