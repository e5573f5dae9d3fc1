import { configOrExit, text, url } from '../../platform/config.ts'

export const spec = {
  /** Where the seat service answers. */
  http: url('HOLDFAST_URL', { protocols: ['http:', 'https:'] }),
  adminToken: text('ADMIN_TOKEN'),
}

export const loadSeedConfig = () => configOrExit('seed', spec, process.env)
