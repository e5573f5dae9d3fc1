/** Makes the demo show at the seat service that HOLDFAST_URL names, where it is missing. */
import { seedDemoShow } from '../supervisor/demo-show.ts'
import { loadSeedConfig } from './config.ts'

const { http, adminToken } = loadSeedConfig()
console.log(await seedDemoShow(http, adminToken))
