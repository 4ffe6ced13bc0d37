import type { Now } from '../../base/clock.ts'
import type { NewId } from '../../base/ids.ts'
import { createClientAddress, type ClientAddress } from '../../net/client-address.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { ClientLimits } from '../client-limits.ts'
import type { EdgePeers } from '../edge-peers.ts'
import type { GatewayPort } from '../gateway-port.ts'
import type { KeptEvents } from '../kept-events.ts'
import type { Implementation } from '../messages.ts'
import { createRequestStateCodec } from '../request-state.ts'
import type { RequestStateCodec } from '../request-state.ts'
import { Activity } from './activity.ts'
import { BodyBudget } from './http/body-budget.ts'
import { ClientAddresses } from './http/client-addresses.ts'
import type { PeerHere } from './peer-here.ts'
import { Flights } from './modern/flights.ts'
import { createTicker } from './ticker.ts'
import type { Ticker } from './ticker.ts'
import { Unsent } from './http/unsent.ts'

/** What all parts of one edge share. */
export interface EdgeContext {
  readonly port: GatewayPort
  readonly limits: ClientLimits
  /** Our own name and version, and the same as JSON text. */
  readonly info: Implementation
  readonly infoJson: string
  readonly newId: NewId
  readonly now: Now
  readonly log: Logger
  readonly addresses: ClientAddresses
  /** Undefined: there are no other replicas. */
  readonly peers: EdgePeers | undefined
  /** Where events of streams outlive this process; undefined: they do not. */
  readonly keptEvents: KeptEvents | undefined
  /** With other replicas: what is open for legacy sessions here, by the session's id. */
  readonly openHere: Map<string, PeerHere>
  readonly ticker: Ticker
  /** For what there can be thousands of and is not urgent: keep-alive comments. */
  readonly slowTicker: Ticker
  readonly states: RequestStateCodec
  readonly flights: Flights
  readonly activity: Activity
  readonly unsent: Unsent
  readonly bodies: BodyBudget
  /** Open event streams. */
  readonly connections: Set<Standing>
}

/** Something that stays open until somebody ends it. */
interface Standing {
  readonly waitsOnly: boolean
  sendAway(retryMs: number): void
  hangUp(): void
}

export interface ContextOptions {
  readonly port: GatewayPort
  readonly limits: ClientLimits
  readonly info: Implementation
  readonly stateKey: Buffer
  readonly newId: NewId
  readonly now: Now
  readonly log: Logger
  /** Default: of the connection. */
  readonly clientAddress?: ClientAddress | undefined
  readonly peers?: EdgePeers | undefined
  readonly keptEvents?: KeptEvents | undefined
}

/** Starts no timer by itself; `stopTickers` ends what was started since. */
export function createContext(options: ContextOptions): EdgeContext {
  const { port, limits, info, newId, now, log } = options
  const ticker = createTicker(limits.tickMs)
  return {
    port,
    limits,
    info,
    infoJson: JSON.stringify(info),
    newId,
    now,
    log,
    addresses: new ClientAddresses(options.clientAddress ?? createClientAddress([])),
    peers: options.peers,
    keptEvents: options.keptEvents,
    openHere: new Map(),
    ticker,
    slowTicker: createTicker(Math.max(limits.tickMs, limits.keepAliveMs / 10)),
    states: createRequestStateCodec(options.stateKey, now),
    flights: new Flights(limits, ticker),
    activity: new Activity(),
    unsent: new Unsent(limits, ticker, log),
    bodies: new BodyBudget(limits),
    connections: new Set(),
  }
}

export function stopTickers({ ticker, slowTicker }: EdgeContext): void {
  ticker.stop()
  slowTicker.stop()
}
