/** Where programs are looked for: PATH, and the folders of daemons that a user's PATH may lack. */
export const programFolders = (env: NodeJS.ProcessEnv = process.env): string[] => [
  ...(env.PATH ?? '').split(':').filter(Boolean),
  '/usr/sbin',
  '/usr/local/sbin',
  '/sbin',
]
