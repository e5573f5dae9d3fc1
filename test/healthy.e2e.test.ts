/**
 * What is promised while nothing breaks. The suites share one system, for a start takes seconds;
 * the one that wants it idle comes first.
 */
import { afterAll, beforeAll } from 'vitest'
import { startHealthySystem, stopHealthySystem } from './support/healthy.ts'

import './saga/latency.ts'
import './saga/journeys.ts'
import './saga/demo.ts'
import './saga/expiry.ts'
import './races/checkoutDeadline.ts'
import './contention/contention.ts'

beforeAll(startHealthySystem)
afterAll(stopHealthySystem)
