/** A way to Kafka that tests can look into, hold up and cut off. */
import { OperationalError } from '../errors.ts'
import type { OutgoingRecord, RecordSender } from '../kafka/producer.ts'

/** Passes records on (to nowhere unless given a sender) and remembers those that got through. */
export class RecordingSender implements RecordSender {
  readonly sent: OutgoingRecord[] = []
  /** How often send was called, also in vain. */
  calls = 0
  isDown = false
  readonly #next: RecordSender | undefined
  #gate: Promise<void> = Promise.resolve()

  constructor(next?: RecordSender) {
    this.#next = next
  }

  /** Holds up every send that follows, until the answered function is called. */
  hold(): () => void {
    let open: () => void = () => undefined
    this.#gate = new Promise((resolve) => {
      open = resolve
    })
    return open
  }

  async send(records: readonly OutgoingRecord[]): Promise<void> {
    this.calls += 1
    await this.#gate
    if (this.isDown) throw new OperationalError('KAFKA_UNAVAILABLE', { retriable: true })
    await this.#next?.send(records)
    this.sent.push(...records)
  }

  /** Keys of what got through, in order; a key is a reservation id. */
  get keys(): string[] {
    return this.sent.map((record) => String(record.key))
  }
}
