import { isJsonObject, type Json } from '../base/json.ts'
import type { InputAnswers, InputRequest, InputRequests } from '../mcp/messages.ts'
import type { Reply } from '../mcp/reply.ts'
import { URL_ELICITATION_REQUIRED } from '../mcp/rpc-codes.ts'

/**
 * What a backend of 2025-11-25 wants done at urls before it takes the call: it refuses the call with an error. Later
 * versions ask instead, so that is what their clients get. Undefined: it wants nothing of the kind, or does not say what.
 */
export function urlQuestions(reply: Reply): InputRequests | undefined {
  if (reply.kind !== 'error' || reply.error.code !== URL_ELICITATION_REQUIRED) return undefined
  const { message, data } = reply.error
  const elicitations = isJsonObject(data) ? data['elicitations'] : undefined
  if (!Array.isArray(elicitations)) return undefined
  const questions = elicitations.flatMap((each) => questionOf(each, message))
  if (questions.length === 0) return undefined
  return Object.fromEntries(questions.map((question, index) => [`url-${index + 1}`, question]))
}

/** True if the user agreed to go to all of them. */
export function isAccepted(answers: InputAnswers): boolean {
  return Object.values(answers).every(({ action }) => action === 'accept')
}

function questionOf(elicitation: Json, reason: string): InputRequest[] {
  if (!isJsonObject(elicitation) || typeof elicitation['url'] !== 'string') return []
  const { url, message, elicitationId } = elicitation
  return [
    {
      method: 'elicitation/create',
      params: {
        mode: 'url',
        url,
        message: typeof message === 'string' ? message : reason,
        ...(elicitationId === undefined ? {} : { elicitationId }),
      },
    },
  ]
}
