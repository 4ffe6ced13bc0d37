import { isJsonObject, type JsonObject } from '../base/json.ts'
import { apiErrors } from './errors.ts'

/** An answer to a question of a run. */
export interface GivenAnswer {
  /** Undefined: there is only one. */
  readonly question: string | undefined
  /** An `ElicitResult`. */
  readonly answer: JsonObject
}

/** Reads the body of an answer. Throws API_BAD_ANSWER. */
export function readAnswer({ action, content, question, ...others }: JsonObject): GivenAnswer {
  const [other] = Object.keys(others)
  if (other !== undefined) throw apiErrors.BAD_ANSWER({ reason: `has "${other}"` })
  if (action !== 'accept' && action !== 'decline' && action !== 'cancel') {
    throw apiErrors.BAD_ANSWER({ reason: 'has no action that is accept, decline or cancel' })
  }
  if (question !== undefined && typeof question !== 'string') {
    throw apiErrors.BAD_ANSWER({ reason: 'has a question that is no text' })
  }
  if (action !== 'accept') {
    if (content === undefined) return { question, answer: { action } }
    throw apiErrors.BAD_ANSWER({ reason: `has content, which goes only with accept` })
  }
  if (content !== undefined && !isJsonObject(content)) {
    throw apiErrors.BAD_ANSWER({ reason: 'has content that is no object' })
  }
  return { question, answer: { action, content: content ?? {} } }
}
