import type { ProviderFact } from './facts.ts'

const ASKED_AT_ONCE_MAX = 64

interface Entry {
  amount: { value: number }
  status?: string
}

/** What the payment provider's own record says of the reservations. */
export async function gatherProvider(
  sandboxUrl: string,
  reservationIds: readonly string[],
): Promise<ProviderFact[]> {
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
  const [charges, refunds] = await Promise.all([
    list<{ charges: Entry[] }>(`${sandboxUrl}/v1/charges?${query}`),
    list<{ refunds: Entry[] }>(`${sandboxUrl}/v1/refunds?${query}`),
  ])
  const captured = charges.charges.filter(({ status }) => status === 'captured')
  return [
    ...captured.map(({ amount }) => factOf(reservationId, 'capture', amount.value)),
    ...refunds.refunds.map(({ amount }) => factOf(reservationId, 'refund', amount.value)),
  ]
}

const factOf = (
  reservationId: string,
  kind: ProviderFact['kind'],
  amount: number,
): ProviderFact => ({ reservationId, kind, amount })

async function list<Body>(url: string): Promise<Body> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`the provider answered ${response.status} to ${url}`)
  return (await response.json()) as Body
}
