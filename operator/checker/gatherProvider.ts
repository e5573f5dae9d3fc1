import type { ProviderFact } from './facts.ts'

const ASKED_AT_ONCE_MAX = 64
/** Of more reservations than this, page by page is quicker than one by one. */
const ASKED_SINGLY_MAX = 1_000
const PAGE_SIZE = 1_000
const ANSWER_MS_MAX = 10_000

interface Entry {
  reservationId: string
  amount: { value: number }
  status?: string
}

/** What the payment provider's own record says of the reservations. */
export async function gatherProvider(
  sandboxUrl: string,
  reservationIds: readonly string[],
): Promise<ProviderFact[]> {
  if (reservationIds.length > ASKED_SINGLY_MAX) return allFacts(sandboxUrl, new Set(reservationIds))
  const facts: ProviderFact[] = []
  const left = [...reservationIds]
  const worker = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      facts.push(...(await factsOf(sandboxUrl, id)))
    }
  }
  await Promise.all(Array.from({ length: ASKED_AT_ONCE_MAX }, worker))
  return facts
}

async function factsOf(sandboxUrl: string, reservationId: string): Promise<ProviderFact[]> {
  const query = `reservationId=${encodeURIComponent(reservationId)}`
  const [{ charges }, { refunds }] = await Promise.all([
    list<{ charges: Entry[] }>(`${sandboxUrl}/v1/charges?${query}`),
    list<{ refunds: Entry[] }>(`${sandboxUrl}/v1/refunds?${query}`),
  ])
  return factsIn(charges, refunds)
}

/** The provider's whole record, as far as it is about the reservations. */
async function allFacts(
  sandboxUrl: string,
  reservationIds: ReadonlySet<string>,
): Promise<ProviderFact[]> {
  const charges = await pages<Entry & { chargeId: string }>(sandboxUrl, 'charges', 'chargeId')
  const refunds = await pages<Entry & { refundId: string }>(sandboxUrl, 'refunds', 'refundId')
  return factsIn(charges, refunds).filter((fact) => reservationIds.has(fact.reservationId))
}

async function pages<E extends object>(
  sandboxUrl: string,
  kind: 'charges' | 'refunds',
  id: string & keyof E,
): Promise<E[]> {
  const entries: E[] = []
  for (;;) {
    const last = entries.at(-1)
    const after = last ? `&after=${last[id]}` : ''
    const url = `${sandboxUrl}/v1/${kind}?limit=${PAGE_SIZE}${after}`
    const page = (await list<Record<typeof kind, E[]>>(url))[kind]
    entries.push(...page)
    if (page.length < PAGE_SIZE) return entries
  }
}

const factsIn = (charges: readonly Entry[], refunds: readonly Entry[]): ProviderFact[] => [
  ...charges
    .filter(({ status }) => status === 'captured')
    .map(({ reservationId, amount }) => factOf(reservationId, 'capture', amount.value)),
  ...refunds.map(({ reservationId, amount }) => factOf(reservationId, 'refund', amount.value)),
]

const factOf = (
  reservationId: string,
  kind: ProviderFact['kind'],
  amount: number,
): ProviderFact => ({ reservationId, kind, amount })

async function list<Body>(url: string): Promise<Body> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX) })
  if (!response.ok) throw new Error(`the provider answered ${response.status} to ${url}`)
  return (await response.json()) as Body
}
