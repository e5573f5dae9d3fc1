/** Worlds and their mail, with the labels that an operator would see. */
import { TOPIC_FACTS } from '../../contracts/asyncapi.ts'
import { TOPICS } from '../../contracts/topics.ts'
import { label } from '../labels/label.ts'
import type { Verdict } from '../labels/situation.ts'
import { type Group, type Mail, messageOf, situationOf, type World } from './oneSaga.ts'

/** Every topic with every group that listens to it. */
export const READERS = TOPICS.flatMap((topic) =>
  TOPIC_FACTS[topic].consumers.map((group) => ({ topic, group: group as Group })),
)

export const labelOf = (world: World, mail: Mail): Verdict => {
  const content = { ok: true as const, message: messageOf(mail) }
  return label({ group: mail.group, content }, situationOf(world, mail))
}

/** What the world is but for what is still to be handled. */
export const stateOf = ({ mail: _mail, ...state }: World): string => JSON.stringify(state)
