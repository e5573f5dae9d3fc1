/** Makes the demo shows at the seat service that HOLDFAST_URL names, where they are missing. */
import { seedDemoShows } from '../supervisor/demo-show.ts'
import { loadSeedConfig } from './config.ts'

const { http, adminToken } = loadSeedConfig()
console.log(await seedDemoShows(http, adminToken))
