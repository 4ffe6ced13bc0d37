import type { Call } from '../mcp/call.ts'
import type { Principal } from '../mcp/caller.ts'
import type { ClientChannel, ClientSession, SessionLookup } from '../mcp/client-session.ts'
import type { Reply } from '../mcp/reply.ts'
import type { Catalogue, CatalogueNote } from './aggregation/catalogue.ts'
import type { ToolDefinition } from './aggregation/offer.ts'
import type { CallOwner } from './backends/slot-choice.ts'
import type { Answer } from './stages.ts'

/**
 * Whatever offers tools besides the backends and answers calls to them: composite tools. Its tools stand in the catalogue
 * under their own names; on a clash the backend's tool stays, and the other one is left out and reported.
 */
export interface Source {
  /** Never a name that a backend may have. */
  readonly name: string
  /** What it offers to whoever sees this catalogue of the backends. Asked whenever that was rebuilt. */
  offer(catalogue: Catalogue): SourceOffer
  /** Answers a call to one of its tools, after all stages. Rejects only with AppError or a bug. */
  call(call: Call, tool: string): Promise<Reply>
  /** Whether it goes on with what this state names, though its tool is not offered any more, or not yet. */
  holds(state: string): Promise<boolean>
}

export interface SourceOffer {
  readonly tools: readonly ToolDefinition[]
  /** What a person should know: why a tool is not offered. */
  readonly notes: readonly CatalogueNote[]
}

/** What a source may use of its gateway. */
export interface SourceHost {
  /** The way of every call, through all stages: for the calls a source makes itself (`Call.origin`). */
  readonly answer: Answer
  /** What is offered to this caller. */
  catalogueFor(caller: CallOwner): Catalogue
  /** A legacy client's session, from the store if need be. */
  findSession(id: string, principal: Principal): Promise<SessionLookup>
  /** The way to the client of a session, which may have its stream at another replica; undefined: there is none yet. */
  channelFor(session: ClientSession): ClientChannel | undefined
}

/** Makes the sources of a gateway; called once, before any call. */
export type MakeSources = (host: SourceHost) => readonly Source[]
