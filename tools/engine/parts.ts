import type { EffectHandlers } from '../../actors/engine/effects.js';
import type { EngineInput, VenueProduct } from '../../actors/engine/io.js';
import type { Instrument } from '../../data/records/index.js';
import type { ProcessLog } from '../process/log.js';
import type { EngineClock } from './clock.js';
import type { LaneSources } from './lanes/sources.js';
import type { RecordViews } from './session.js';

/** Where a product of the venue is: origins without a path. */
export interface ProductOrigins {
  /** `http://127.0.0.1:8080`. */
  readonly rest: string;
  readonly ws: string;
  /** Websocket API; the options have none. */
  readonly wsApi?: string;
}
export type VenueOrigins = Readonly<Record<VenueProduct, ProductOrigins>>;

export interface VenueKeys {
  readonly kind: 'hmac' | 'rsa' | 'ed25519';
  readonly key: string;
  /** Shared secret, or private key as PEM. */
  readonly secret: string;
}

/** The venue, from the configuration or from the exchange's own line. */
export interface VenueAccess {
  readonly origins: VenueOrigins;
  readonly keys: VenueKeys | null;
  /** Certificate authority to trust besides the system's, PEM. */
  readonly ca: string | null;
}

/** What a part may do to the engine, and all that it may know of it. Every method is to be called from outside a turn; none throws. */
export interface EngineDoor {
  /** The one clock: engine time, µs, never backwards. */
  readonly clock: EngineClock;
  /** In the order of their index; the same for the whole run. */
  readonly instruments: readonly Instrument[];
  readonly log: ProcessLog;
  /** An input: written to the run log, then handed to the tree. After the end of the intake it is dropped. */
  give(input: EngineInput): void;
  /**
   * Market data: whole messages, receive stamps in engine time as of `clock.nowUs()` at arrival; they are numbered in place, and stamps before
   * the tree's clock raised to it. On the tape and with the kernel when this returns; the memory may be used again then.
   */
  records(batch: RecordViews, from: number, to: number): void;
  /** Tape and run log up to here are with the operating system when this returns; false when they cannot be written any more. Before an order leaves. */
  flush(): boolean;
  /** Placement `socket`: the lanes that have the market's sockets. */
  readonly sources?: LaneSources;
  /** A defect of ours: ends the process with its own code. */
  fail(error: unknown): void;
}

/**
 * A part of the host that carries out some of what the tree asks. An effect returns at once and its outcome comes by `door.give`,
 * in a later turn of the event loop, never within the call.
 */
export interface EnginePart {
  readonly effects: EffectHandlers;
  /** The tree is up: from here on inputs may be given. */
  start?(): void;
  /** No more work is begun; what is under way may end. First phase of the shutdown. */
  quiet?(): void | Promise<void>;
  /** Everything is let go. Never rejects. */
  close(): Promise<void>;
  /** Counters for `metrics`, flat. */
  metrics?(): Readonly<Record<string, number>>;
}

/** Makes a part; `access` holds what no actor may see. */
export type MakePart = (door: EngineDoor, access: VenueAccess) => EnginePart | Promise<EnginePart>;
