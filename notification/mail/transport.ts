/** How messages leave: as files by default, or through an SMTP server. */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import type { Message } from './compose.ts'

/** `refused` is for good: the recipient or the message was not accepted. `failed` may be retried. */
export type SendOutcome =
  | { type: 'sent' }
  | { type: 'refused'; detail: string }
  | { type: 'failed'; detail: string }

export interface MailTransport {
  open(): Promise<void>
  /** Never throws. */
  send(message: Message): Promise<SendOutcome>
  close(): void
}

const PART_SUFFIX = '.part'
const PART_AGE_MS_MAX = 3_600_000

/** Writes each message to `<folder>/<key>.eml`, whole or not at all; again is the same file. */
export class FileTransport implements MailTransport {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Makes the folder and removes what killed writers left in it. */
  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const names = await readdir(this.#folder)
    for (const name of names.filter((one) => one.endsWith(PART_SUFFIX))) {
      await this.#removeIfOld(join(this.#folder, name))
    }
  }

  async send({ key, raw }: Message): Promise<SendOutcome> {
    const part = join(this.#folder, `.${key}.${randomBytes(6).toString('hex')}${PART_SUFFIX}`)
    try {
      await writeFile(part, raw, { mode: 0o600 })
      await rename(part, join(this.#folder, `${key}.eml`))
      return { type: 'sent' }
    } catch (error) {
      await rm(part, { force: true })
      return { type: 'failed', detail: detailOf(error) }
    }
  }

  close(): void {}

  async #removeIfOld(part: string): Promise<void> {
    try {
      const { mtimeMs } = await stat(part)
      if (Date.now() - mtimeMs > PART_AGE_MS_MAX) await rm(part, { force: true })
    } catch {
      // Its writer finished or another process removed it: either way it is gone.
    }
  }
}

const CONNECTIONS_MAX = 10
const CONNECT_MS_MAX = 10_000
const SILENCE_MS_MAX = 20_000

export interface SmtpOptions {
  /** smtp://[user:password@]host:port, or smtps:// for TLS from the first byte */
  url: string
  /** Address of the envelope's sender. */
  from: string
}

/** Sends through an SMTP server over a few kept connections. */
export class SmtpTransport implements MailTransport {
  readonly #from: string
  readonly #transporter: ReturnType<typeof createSmtp>

  constructor({ url, from }: SmtpOptions) {
    this.#from = from
    this.#transporter = createSmtp(url)
  }

  /** An SMTP server that is away at the start is retried like any other time. */
  async open(): Promise<void> {}

  async send({ to, raw }: Message): Promise<SendOutcome> {
    try {
      await this.#transporter.sendMail({ envelope: { from: this.#from, to: [to] }, raw })
      return { type: 'sent' }
    } catch (error) {
      return { type: isRefusal(error) ? 'refused' : 'failed', detail: detailOf(error) }
    }
  }

  close(): void {
    this.#transporter.close()
  }
}

const createSmtp = (url: string) =>
  createTransport({
    url,
    pool: true,
    maxConnections: CONNECTIONS_MAX,
    connectionTimeout: CONNECT_MS_MAX,
    greetingTimeout: CONNECT_MS_MAX,
    socketTimeout: SILENCE_MS_MAX,
  })

/** The commands whose refusal is about this one message and not about us, as MAIL FROM's is. */
const ABOUT_THE_MESSAGE = new Set(['RCPT TO', 'DATA'])

function isRefusal(error: unknown): boolean {
  const { responseCode = 0, command = '' } = error as { responseCode?: number; command?: string }
  return responseCode >= 500 && ABOUT_THE_MESSAGE.has(command)
}

const detailOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
