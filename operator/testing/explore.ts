/** Every way in which a saga can go while one message stays a dead letter. */
import { cancelShow, deliver, expire, type Mail, pay, ticket, type World } from './oneSaga.ts'

/** A world in which the saga waits for the withheld message, or for the deadline. */
export interface Stuck {
  world: World
  withheld: Mail
}

/** What a group gives up: all messages of a topic, or all of them. */
export interface Withheld {
  group: Mail['group']
  topic?: Mail['topic']
}

const isWithheld = (mail: Mail, { group, topic }: Withheld): boolean =>
  mail.group === group && (topic === undefined || mail.topic === topic)

/** Notification answers nobody, so its mail matters only where it is what is withheld. */
const withoutNotices = (world: World, { group }: Withheld): World =>
  group === 'notification'
    ? world
    : { ...world, mail: world.mail.filter((mail) => mail.group !== 'notification') }

/** What the saga does by itself. */
const sagaSteps = (world: World, withheld: Withheld): World[] => [
  ...world.mail.filter((mail) => !isWithheld(mail, withheld)).map((mail) => deliver(world, mail)),
  ...paymentSteps(world),
]

function paymentSteps(world: World): World[] {
  switch (world.payment?.state) {
    case 'requested':
      return [pay(world, { type: world.isLate ? 'pay_by_passed' : 'charge' })]
    case 'charging':
      return [pay(world, { type: 'captured' }), pay(world, { type: 'declined' })]
    case 'refunding':
      return [pay(world, { type: 'provider_refunded' })]
    default:
      return []
  }
}

/** What may happen from outside: the deadline, the organiser, the rival. */
function chances(world: World): World[] {
  const steps = world.status === 'paying' ? [expire(world), cancelShow(world)] : []
  const { seats, rival, ticketing } = world
  if (seats === 'free' && rival === 'none') steps.push({ ...world, seats: 'taken' })
  const isOwnLive = ticketing?.state === 'issued' || ticketing?.state === 'confirmed'
  if (seats === 'taken' && rival === 'none' && !isOwnLive) {
    const sold = { ...world, rival: 'confirmed' as const }
    steps.push(ticket(sold, { type: 'way_changed', inTheWay: 'confirmed' }))
  }
  return [...steps, ...wayCleared(world)]
}

/** A rival who paid late gets its seats if they are free; else its tickets make way. */
function wayCleared(world: World): World[] {
  if (world.rival !== 'issued') return []
  const rival = world.seats === 'free' ? 'confirmed' : 'none'
  const seats = world.seats === 'free' ? 'taken' : world.seats
  return [ticket({ ...world, seats, rival }, { type: 'way_changed', inTheWay: rival })]
}

/** Where the saga can come to a stand for want of the withheld message. */
export function explore(begin: World, withheld: Withheld): Stuck[] {
  const stuck: Stuck[] = []
  visit(withoutNotices(begin, withheld), (world) => {
    const own = sagaSteps(world, withheld)
    const mails = own.length === 0 ? world.mail.filter((one) => isWithheld(one, withheld)) : []
    for (const mail of mails) stuck.push({ world, withheld: mail })
    return [...own, ...chances(world)].map((one) => withoutNotices(one, withheld))
  })
  return stuck
}

/** Every end that the saga can come to from here if nothing is withheld and no rival comes. */
export function endsOf(begin: World): World[] {
  const nothing: Withheld = { group: 'ticket', topic: 'payment_request' }
  const ends: World[] = []
  visit(withoutNotices(begin, nothing), (world) => {
    const own = sagaSteps(world, nothing)
    const cleared = own.length > 0 ? own : wayCleared(world)
    const next = cleared.length > 0 ? cleared : lastSteps(world)
    if (next.length === 0) ends.push(world)
    return next.map((one) => withoutNotices(one, nothing))
  })
  return ends
}

/** Money may go back by itself, for what is under way; is the message the cause? */
export function isCauseOfRefund(world: World, mail: Mail): boolean {
  const isRefunded = (end: World): boolean => end.refunds > world.refunds
  const without = { ...world, mail: world.mail.filter((one) => one !== mail) }
  return endsOf(deliver(world, mail)).some(isRefunded) && !endsOf(without).some(isRefunded)
}

/** A reservation that still pays when nothing more comes is ended by its deadline. */
const lastSteps = (world: World): World[] => (world.status === 'paying' ? [expire(world)] : [])

function visit(begin: World, nextOf: (world: World) => World[]): void {
  const seen = new Set<string>()
  const open = [begin]
  for (let world = open.pop(); world; world = open.pop()) {
    const key = JSON.stringify(world)
    if (seen.has(key)) continue
    seen.add(key)
    open.push(...nextOf(world))
  }
}
