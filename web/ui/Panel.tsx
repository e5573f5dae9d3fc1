import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { House } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import { useStore } from '../app/store.ts'
import { type Claims, isConfirmed, isHeld, isLost, isPaying } from '../booking/claims.ts'
import { After } from './After.tsx'
import { Basket } from './Basket.tsx'
import { Icon } from './Icon.tsx'
import { Key } from './Legend.tsx'
import { Pay } from './Pay.tsx'
import { Processing } from './Processing.tsx'
import { Summary } from './Summary.tsx'
import { Together } from './Together.tsx'

/** Where the buyer is on the way from a press to a ticket. */
export type Step = 'choose' | 'pay' | 'processing' | 'after'

/** Reservations that have been paid for, or tried, and whose end has not been looked at. */
const isUnseen = (claims: Claims, seen: ReadonlySet<string>): boolean =>
  claims.some((claim) => claim.isCheckedOut && !seen.has(claim.key))

function stepOf(claims: Claims, wantsToPay: boolean, seen: ReadonlySet<string>): Step {
  if (claims.some(isPaying)) return 'processing'
  if (isUnseen(claims, seen)) return 'after'
  return wantsToPay && claims.some(isHeld) ? 'pay' : 'choose'
}

/** Whose seats ran out before the payment chooses again, and is not sent on to pay for that at once. */
function useWishToPay(claims: Claims): [boolean, (wants: boolean) => void] {
  const [wants, setWants] = useState(false)
  const hasHold = claims.some(isHeld)
  useEffect(() => {
    if (!hasHold) setWants(false)
  }, [hasHold])
  return [wants, setWants]
}

/** The sheet beside the map: what is held, the payment, the tickets. */
export function Panel({ house, legend }: { house: House; legend: ComponentChildren }) {
  const { words } = useLanguage()
  const { desk } = house
  const claims = useStore(desk.claims)
  const [wantsToPay, setWantsToPay] = useWishToPay(claims)
  const [seen, setSeen] = useState<ReadonlySet<string>>(new Set())
  const [isOpen, setIsOpen] = useState(false)
  const step = stepOf(claims, wantsToPay, seen)
  const panel = useRef<HTMLElement>(null)
  const lastStep = useRef<Step>('choose')
  useEffect(() => {
    if (step === lastStep.current) return
    lastStep.current = step
    setIsOpen(step !== 'choose')
    if (step === 'processing') setWantsToPay(false)
    // What is new begins at its heading, for those who do not see it appear.
    panel.current?.querySelector<HTMLElement>('h2')?.focus()
  }, [step])
  const leave = () => {
    setSeen(new Set(claims.filter(isConfirmed).map(({ key }) => key)))
    desk.dismiss(claims.filter(isLost))
  }
  const tickets = claims.filter(isConfirmed)
  const label = isOpen ? words.basket.close : words.basket.open
  return (
    <aside
      class={`panel step-${step} ${isOpen ? 'open' : ''}`}
      ref={panel}
      aria-label={words.basket.title}
    >
      <button
        class="handle"
        type="button"
        aria-expanded={isOpen}
        aria-label={label}
        onClick={() => setIsOpen(!isOpen)}
      >
        <Icon name={isOpen ? 'down' : 'up'} />
      </button>
      {step === 'choose' && (
        <>
          <Summary house={house} claims={claims} onPay={() => setWantsToPay(true)} />
          <Basket
            house={house}
            claims={claims}
            onPay={() => setWantsToPay(true)}
            tickets={tickets.length > 0 ? () => setSeen(new Set()) : null}
          />
          <div class="options">
            {legend}
            {house.canBuy && <Together house={house} />}
            <Key house={house} />
          </div>
        </>
      )}
      {step === 'pay' && (
        <Pay house={house} claims={claims.filter(isHeld)} onBack={() => setWantsToPay(false)} />
      )}
      {step === 'processing' && <Processing house={house} claims={claims.filter(isPaying)} />}
      {step === 'after' && (
        <After
          house={house}
          claims={claims.filter((claim) => claim.isCheckedOut)}
          onLeave={leave}
        />
      )}
    </aside>
  )
}
