/** `node scripts/ready.mjs <port>`: exits with 0 when /readyz of that port answers well. */
const port = Number(process.argv[2])
try {
  const signal = AbortSignal.timeout(2_500)
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal })
  if (!response.ok) console.error(await response.text())
  process.exitCode = response.ok ? 0 : 1
} catch (error) {
  console.error(String(error))
  process.exitCode = 1
}
