/**
 * A stand-in for a service in the supervisor's tests: answers /readyz and, like the seat service,
 * the calls by which a demo show is made. FAKE_MODE makes it misbehave. It is plain JavaScript,
 * because five of them start with every test.
 */
import { createServer } from 'node:http'

const mode = process.env.FAKE_MODE ?? 'good'
if (mode === 'misconfigured') {
  console.error('fake cannot start, its configuration is wrong:\n  - FAKE_MODE must be good')
  process.exit(1)
}

let shows = 0
const server = createServer((request, response) => {
  if (request.method === 'POST' && request.url === '/v1/shows') {
    shows += 1
    const isAdmin = request.headers.authorization?.startsWith('Bearer ey')
    response.writeHead(isAdmin ? (shows === 1 ? 201 : 200) : 401).end('{}')
  } else if (request.url === '/v1/shows/demo') {
    response.end('{"sections":[{"id":"floor","rows":[{"id":"A","seats":3}]}]}')
  } else if (request.url === '/v1/shows/demo/seats') {
    // The first seat is held, the second is free.
    response.end(JSON.stringify({ states: Buffer.from([1]).toString('base64') }))
  } else if (request.url === '/environment') {
    response.end(JSON.stringify(process.env))
  } else {
    response.end('{}')
  }
})
server.listen(Number(process.env.PORT), '127.0.0.1')

process.on('SIGTERM', () => {
  console.log('told to stop')
  if (mode !== 'stubborn') process.exit(0)
})
