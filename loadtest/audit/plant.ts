/** A fault that is planted on purpose, to see that the audit catches it. */
import type { SystemUnderTest } from '../systems/system.ts'

const PREFIX = { holdfast: 'holdfast', tuned: 'baseline', idiomatic: 'baseline' } as const

/**
 * Sells a sold seat once more: a second live ticket for the seat of some ticket, in the name of
 * another reservation. The key that forbids it has to go first.
 */
export async function plantOversell({ name, books }: SystemUnderTest): Promise<void> {
  const table = `${PREFIX[name]}_ticket.tickets`
  await books.execute(`ALTER TABLE ${table} DROP INDEX one_live_ticket`)
  const columns = name === 'holdfast' ? ['due_at'] : ['updated_at']
  await books.execute(
    `INSERT INTO ${table} (ticket_id, reservation_id, show_id, seat_id, state, live, ${columns})
     SELECT CONCAT(one.ticket_id, '0'), other.reservation_id, one.show_id, one.seat_id, one.state,
       one.live, one.${columns}
     FROM (SELECT * FROM ${table} WHERE live = 1 ORDER BY ticket_id LIMIT 1) AS one
     JOIN (SELECT * FROM ${table} WHERE live = 1 ORDER BY ticket_id DESC LIMIT 1) AS other`,
  )
}
