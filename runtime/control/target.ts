import type { ChildSpec, Runtime } from '../index.js';
import type { LOG_LEVELS } from './methods.js';
import type { TurnMeter } from './turn-meter.js';

export type LogLevel = (typeof LOG_LEVELS)[number];

/** A child that can be started over the socket, by name. */
export interface ChildTemplate {
  readonly summary: string;
  /** The supervisor it goes under; left out, the caller names one. */
  readonly supervisor?: string;
  /** Makes the specification from the caller's JSON. A throw's message is the refusal that the caller reads. */
  spec(input: unknown, id: string | undefined): ChildSpec;
}

/** A verb that only this kind of process has. A throw's message is the refusal that the caller reads. */
export type OwnVerb = (input: unknown) => unknown;

export interface ShutdownRequest {
  readonly reason: string;
  readonly deadlineMs?: number;
  readonly now: boolean;
}

/**
 * What a process hands the control server. All of it is called on the main thread, between turns; a throw is
 * answered as an error and harms nothing.
 */
export interface ControlTarget {
  /** Name of the process, unique among those of one run folder. */
  readonly name: string;
  /** Version of the program. */
  readonly version: string;
  /** The runtime at this moment, or null. It may be another one at every call, and nobody keeps it. */
  runtime(): Runtime | null;
  /** Begins the shutdown and returns; the process may end any time after that. */
  shutdown?(request: ShutdownRequest): void;
  readonly logLevel?: { get(): LogLevel; set(level: LogLevel): void };
  readonly templates?: Readonly<Record<string, ChildTemplate>>;
  /** What `ask` answers and what `tell` carries out, by name; an answer may be a promise. */
  readonly questions?: Readonly<Record<string, OwnVerb>>;
  readonly commands?: Readonly<Record<string, OwnVerb>>;
  /** Loads the module file of an upgrade; left out, `upgrade` is not offered. */
  loadUpgrade?(file: string): Promise<unknown>;
  /** What `process` shows beside the usual; asked at most every 50 ms. */
  status?(): unknown;
  /** What `metrics` shows beside the usual. */
  metrics?(): unknown;
  /** Measures the bursts of turns; whoever drives the runtime calls it. */
  readonly turns?: TurnMeter;
  /** Allows `replaceState`. */
  readonly debug?: boolean;
}

/** One carried out or refused write verb, for the log. */
export interface AuditEntry {
  readonly connection: number;
  /** What the client called itself in `rpc.version`. */
  readonly client: string | null;
  readonly method: string;
  readonly params: unknown;
  readonly ok: boolean;
  /** Code and sentence of the refusal. */
  readonly error?: string;
  readonly tookMs: number;
}
