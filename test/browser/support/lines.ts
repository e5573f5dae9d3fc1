/** Takes hold of what goes between a page and its server, until it is let go. */
import type { Page, Route } from 'playwright-core'
import { stage } from './stage.ts'

/** Ends what was begun. */
type LetGo = () => Promise<void>

const addressOf = (path: string): string => `${stage().system.http}${path}`

/** Requests for a path go on when they are let go. */
export async function detain(page: Page, path: string): Promise<LetGo> {
  let letGo: () => void = () => {}
  const gate = new Promise<void>((resolve) => {
    letGo = resolve
  })
  await page.route(addressOf(path), async (route) => {
    await gate
    await route.continue()
  })
  return async () => letGo()
}

/** A path is answered with 503 (or another status), as by a server that cannot. */
export function refuse(page: Page, path: string, status = 503): Promise<LetGo> {
  stage().chromium.forgive(page, addressOf(path))
  return intercept(page, path, (route) => route.fulfill({ status, body: '' }))
}

/** A path is not to be reached. */
export const sever = (page: Page, path: string): Promise<LetGo> =>
  intercept(page, path, (route) => route.abort('connectionrefused'))

async function intercept(
  page: Page,
  path: string,
  answer: (route: Route) => Promise<void>,
): Promise<LetGo> {
  const address = addressOf(path)
  await page.route(address, answer)
  return () => page.unroute(address)
}

/**
 * The feed of a page opens and says nothing, or is closed with a code at once. Let go, it closes,
 * and the page's next connection is a real one.
 */
export async function detainFeed(page: Page, code?: number): Promise<LetGo> {
  let isFree = false
  const detained = new Set<{ close(options: { code: number }): Promise<void> }>()
  await page.routeWebSocket(/\/v1\/feed$/, (socket) => {
    if (isFree) socket.connectToServer()
    else if (code !== undefined) void socket.close({ code })
    else detained.add(socket)
  })
  return async () => {
    isFree = true
    await Promise.all([...detained].map((socket) => socket.close({ code: 1012 })))
  }
}
