/** `npm run dlq`, `npm run ops` and `holdfast`: the operator's desk. */
import { run } from './program.ts'

const status = await run(process.argv.slice(2))
// What is printed may still be on its way down a pipe; what else is open is not waited for.
process.stdout.write('', () => process.stderr.write('', () => process.exit(status)))
