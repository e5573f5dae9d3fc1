/** The smallest question that each server answers only when it works. No client library needed. */
import { connect } from 'node:net'

const ANSWER_WITHIN_MS = 1_000

/**
 * Connects to a loopback port, says `question` and answers with the first bytes that come back.
 * @throws Error when nobody listens, the connection ends or a second passes without an answer.
 */
export function ask(port: number, question: Uint8Array | string | null): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const fail = (error: Error): void => {
      socket.destroy()
      reject(error)
    }
    socket.setTimeout(ANSWER_WITHIN_MS, () => fail(new Error(`port ${port} does not answer`)))
    socket.once('error', fail)
    socket.once('close', () => fail(new Error(`port ${port} closed the connection`)))
    socket.once('connect', () => {
      if (question !== null) socket.write(question)
    })
    socket.once('data', (data) => {
      resolve(data)
      socket.destroy()
    })
  })
}

/** Redis answers PONG once it has loaded its data, and -LOADING before. */
export const redisAnswers = async (port: number): Promise<boolean> =>
  (await ask(port, 'PING\r\n')).toString('latin1').startsWith('+PONG')

/** A SQL server greets with protocol version 10, or says an error packet (0xff) when it cannot. */
export const mysqlAnswers = async (port: number): Promise<boolean> =>
  (await ask(port, null))[4] === 10

/** An ApiVersions request, version 0: length, key 18, version, correlation id 1, no client id. */
const API_VERSIONS = Buffer.from('0000000a00120000' + '00000001' + 'ffff', 'hex')

/** A Kafka broker answers requests once it is unfenced. */
export const kafkaAnswers = async (port: number): Promise<boolean> =>
  (await ask(port, API_VERSIONS)).readInt32BE(4) === 1
