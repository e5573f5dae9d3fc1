/** `npm run dlq`, `npm run ops` and `holdfast`: the operator's desk. */
import { run } from './program.ts'

// Whoever reads what is printed may leave early: `dlq list | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})
const { env, stdin, stdout, stderr } = process
const status = await run(process.argv.slice(2), { env, stdin, stdout, stderr })
// What is printed may still be on its way down a pipe; what else is open is not waited for.
process.stdout.write('', () => process.stderr.write('', () => process.exit(status)))
