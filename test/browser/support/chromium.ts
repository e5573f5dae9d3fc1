/** Real Chromium for the browser tests: one process, a context of its own for each buyer. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { evidenceDir } from '../../../platform/testing/infra.ts'

const PROGRAM = '/usr/bin/chromium'
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-dev-shm-usage'],
]
const WITHIN_MS = 10_000
const PICTURES = fileURLToPath(new URL('../../../.holdfast/screenshots/', import.meta.url))

/** A show that no test makes; whoever looks for it is told so. */
export const MISSING_SHOW = 'nowhere'

export const DESKTOP = { width: 1280, height: 800 }
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  ...{ hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
}

/** What no page may do: ask another host, break its own policy, throw. */
export interface Offence {
  kind: 'foreign request' | 'console error' | 'uncaught error'
  text: string
}

export class Chromium {
  readonly offences: Offence[] = []
  readonly #browser: Browser
  readonly #origin: string
  readonly #pages: Page[] = []
  /** Addresses that fail in a page because its test wants it so. */
  readonly #forgiven = new WeakMap<Page, Set<string>>()

  private constructor(browser: Browser, origin: string) {
    this.#browser = browser
    this.#origin = origin
  }

  /** @param origin the one that pages may talk to */
  static async launch(origin: string): Promise<Chromium> {
    const browser = await chromium.launch({ executablePath: PROGRAM, args: FLAGS })
    return new Chromium(browser, origin)
  }

  /**
   * A page in a context of its own: another person, with another storage. Without motion, unless
   * the options say so: what flies cannot be pressed, and a colour on its way is nobody's.
   */
  async newPage(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.#browser.newContext({
      ...{ viewport: DESKTOP, locale: 'en-US', timezoneId: 'Asia/Seoul' },
      reducedMotion: 'reduce',
      ...options,
    })
    const page = await context.newPage()
    page.setDefaultTimeout(WITHIN_MS)
    this.#watch(page)
    this.#pages.push(page)
    return page
  }

  /** The browser's word that an address answered a page with an error is no offence from now on. */
  forgive(page: Page, url: string): void {
    this.#forgiven.set(page, new Set([...(this.#forgiven.get(page) ?? []), url]))
  }

  #watch(page: Page): void {
    const note = (kind: Offence['kind'], text: string) => this.offences.push({ kind, text })
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url())
      if (origin !== this.#origin && protocol !== 'blob:') note('foreign request', request.url())
    })
    page.on('pageerror', (error) => note('uncaught error', String(error)))
    page.on('console', (message) => {
      if (message.type() !== 'error') return
      const { url } = message.location()
      // A server that is down is told by the browser too; the tests bring that about.
      const isOutage = /ERR_CONNECTION|WebSocket connection|ERR_EMPTY_RESPONSE/.test(message.text())
      // So is an answer of 404, which is what there is to say of a show that does not exist.
      const isMissing = url === `${this.#origin}/v1/shows/${MISSING_SHOW}`
      const isWanted = this.#forgiven.get(page)?.has(url)
      if (!isOutage && !isMissing && !isWanted) note('console error', `${message.text()} (${url})`)
    })
  }

  /** Pictures of every page that is still open, beside the logs of the run. */
  async photographAll(name: string): Promise<void> {
    const open = this.#pages.filter((page) => !page.isClosed())
    for (const [at, page] of open.entries()) {
      const path = join(evidenceDir(), `${name.replace(/\W+/g, '-')}-${at}.png`)
      await page.screenshot({ path, timeout: WITHIN_MS }).catch(() => undefined)
    }
  }

  /** Everybody goes home. */
  async closePages(): Promise<void> {
    const contexts = this.#pages.splice(0).map((page) => page.context())
    await Promise.all(contexts.map((context) => context.close()))
  }

  close(): Promise<void> {
    return this.#browser.close()
  }
}

/** Takes a picture into .holdfast/screenshots/, where the next run overwrites it. */
export async function photograph(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true })
  await page.screenshot({ path: join(PICTURES, `${name}.png`), animations: 'disabled' })
}
