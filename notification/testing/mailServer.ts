/** A real SMTP server that tests tell how to behave and ask what it got. */
import { SMTPServer } from 'smtp-server'

export interface Delivery {
  messageId: string
  to: string[]
  atMs: number
}

/** What the server answers to a message: 250, an error with its code, or nothing until let go. */
export type Answer = 'accept' | { code: number } | 'silence'

export interface MailServer {
  url: string
  /** Every message whose data arrived, also when the answer was not to accept it. */
  received: Delivery[]
  accepted: Delivery[]
  /** Decides each answer; `count` is how many messages have arrived, this one included. */
  answer: (delivery: Delivery, count: number) => Answer | Promise<Answer>
  /** Recipients that are refused before any data, with code 550. */
  refusedRecipients: Set<string>
  close(): Promise<void>
}

const codedError = (code: number): Error =>
  Object.assign(new Error(`answered with ${code}`), { responseCode: code })

export async function startMailServer(): Promise<MailServer> {
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    closeTimeout: 100,
    onRcptTo({ address }, _session, callback) {
      callback(mail.refusedRecipients.has(address) ? codedError(550) : null)
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const delivery = {
          messageId: /^Message-ID: (.*)$/im.exec(Buffer.concat(chunks).toString())?.[1] ?? '',
          to: session.envelope.rcptTo.map(({ address }) => address),
          atMs: performance.now(),
        }
        mail.received.push(delivery)
        void answerTo(delivery, callback)
      })
    },
  })
  const answerTo = async (delivery: Delivery, callback: (error?: Error | null) => void) => {
    const answer = await mail.answer(delivery, mail.received.length)
    if (answer === 'silence') return
    if (answer === 'accept') mail.accepted.push(delivery)
    callback(answer === 'accept' ? null : codedError(answer.code))
  }
  // A client that is killed breaks its connections; that is what these tests are about.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as { port: number }
  const mail: MailServer = {
    url: `smtp://127.0.0.1:${port}`,
    received: [],
    accepted: [],
    answer: () => 'accept',
    refusedRecipients: new Set(),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
  return mail
}
