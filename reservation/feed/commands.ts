/** The commands of the feed: the same use cases as over HTTP, checked and refused alike. */
import { type TObject, Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import {
  CheckoutFrame,
  type ClientOp,
  ExtendFrame,
  FindFrame,
  HoldFrame,
  ReleaseFrame,
  type ServerFrame,
} from '../../contracts/feed.ts'
import type { CheckoutRequest, HoldRequest, Reservation } from '../../contracts/http.ts'
import type { Booking } from '../booking/booking.ts'
import { type Outcome, refused } from '../booking/outcome.ts'
import {
  badRequest,
  checkoutAsGiven,
  errorsOf,
  holdAsGiven,
  keyFaultOf,
} from '../booking/requests.ts'
import type { Admissions } from '../http/auth/admissions.ts'
import type { Identity } from '../http/auth/tokens.ts'
import type { Faults } from '../http/faults.ts'

export type CommandOp = Exclude<ClientOp, 'subscribe' | 'unsubscribe' | 'ping'>

/** The id has a check of its own, which tells a missing one from a bad one. */
const checkOf = (frame: TObject) =>
  TypeCompiler.Compile(
    Type.Composite([Type.Omit(frame, ['id']), Type.Object({ id: Type.Optional(Type.String()) })]),
  )

const CHECKS = {
  hold: checkOf(HoldFrame),
  release: checkOf(ReleaseFrame),
  extend: checkOf(ExtendFrame),
  checkout: checkOf(CheckoutFrame),
  find: checkOf(FindFrame),
} satisfies Record<CommandOp, unknown>

export const isCommand = (op: string): op is CommandOp => Object.hasOwn(CHECKS, op)

/** A command whose other members are not checked yet. */
export type CommandFrame = Readonly<Record<string, unknown>> & { readonly op: CommandOp }

export interface CommandsOptions {
  readonly booking: Booking
  readonly admissions: Pick<Admissions, 'pass'>
  readonly faults: Faults
  /** The server's clock, RFC 3339. */
  readonly now: () => string
  /** Told of every command: `done`, or the code of its problem. */
  readonly onAnswered: (op: CommandOp, outcome: string) => void
}

export class Commands {
  readonly #options: CommandsOptions

  constructor(options: CommandsOptions) {
    this.#options = options
  }

  /** Carries a command out; answers the frame to send. Never throws. */
  async answer(frame: CommandFrame, identity: Identity | null): Promise<ServerFrame> {
    const { faults, now, onAnswered } = this.#options
    const { op } = frame
    const id = typeof frame.id === 'string' ? { id: frame.id } : {}
    try {
      const outcome = await this.#run(frame, identity)
      if (outcome.type === 'done') {
        onAnswered(op, 'done')
        return { op: 'reservation', ...id, reservation: outcome.value, now: now() }
      }
      onAnswered(op, outcome.problem.code)
      return { op: 'error', ...id, problem: outcome.problem, now: now() } as ServerFrame
    } catch (error) {
      const problem = faults.problemOf(error, op)
      onAnswered(op, problem.code)
      return { op: 'error', ...id, problem, now: now() } as ServerFrame
    }
  }

  async #run(frame: CommandFrame, identity: Identity | null): Promise<Outcome<Reservation>> {
    if (!identity) return refused('unauthenticated', 'the connection was opened without a token')
    const admission = this.#options.admissions.pass(identity, 'buyer')
    if (!admission.ok) return { type: 'refused', problem: admission.problem }
    const errors = errorsOf(CHECKS[frame.op], frame)
    if (errors.length > 0) return badRequest(errors)
    const { op, id: key = '', reservationId } = frame as CheckedFrame
    const { customerId } = identity
    const { booking } = this.#options
    const given = { customerId, key, keyPath: '/id' }
    switch (op) {
      case 'hold': {
        const body = frame as CheckedFrame & HoldRequest
        return holdAsGiven(booking, { ...given, showId: body.showId, body })
      }
      case 'checkout': {
        const body = frame as CheckedFrame & CheckoutRequest
        return checkoutAsGiven(booking, { ...given, reservationId, body })
      }
      case 'release':
        return keyFaultOf(given) ?? booking.release({ customerId, reservationId })
      case 'extend':
        return keyFaultOf(given) ?? booking.extend({ customerId, reservationId })
      case 'find':
        return keyFaultOf(given) ?? booking.find({ customerId, reservationId })
    }
  }
}

/** A command after its check; of `showId` and `reservationId` it has the one that its op needs. */
interface CheckedFrame extends CommandFrame {
  readonly id?: string
  readonly showId: string
  readonly reservationId: string
}
