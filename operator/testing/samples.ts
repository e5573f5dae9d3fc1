/** The golden sample of each topic, to be changed by tests. */
import { readFileSync } from 'node:fs'
import { PAYLOAD_VERSION, TOPICS, type Topic } from '../../contracts/topics.ts'

interface Sample {
  id: string
  data: { payload: Record<string, unknown> }
}

export const SAMPLES = Object.fromEntries(
  TOPICS.map((topic) => {
    const name = `../../contracts/samples/${topic}.v${PAYLOAD_VERSION}.json`
    return [topic, JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'))]
  }),
) as Record<Topic, Sample>
