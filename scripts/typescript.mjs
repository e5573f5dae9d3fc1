/** Lets this process import TypeScript: natively where Node strips types, else through tsx. */
export async function enableTypeScript() {
  if (process.features.typescript) return
  const { register } = await import('tsx/esm/api')
  register()
}
