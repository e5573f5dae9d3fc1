/**
 * `npm test [-- <vitest arguments>]` and `npm run test:full`: runs the tests on real servers.
 * The last line is always `N passed, N failed, N skipped`; the status is 1 when anything failed.
 */
import { enableTypeScript } from './typescript.mjs'

await enableTypeScript()
const { runTests } = await import('./test/runTests.ts')
process.exitCode = await runTests(process.argv.slice(2), process.env)
