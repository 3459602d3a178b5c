/** What an effect handler may know and do besides its payload. */
export interface EffectCall {
  /** The actor that asked for the effect. */
  readonly path: string;
  readonly incarnation: number;
  /** Idempotency key: the same in a run in which the actor was restarted with its last good state, or not at all. */
  readonly key: string;
  readonly atUs: number;
  /** Sends a result to the actor; the result of an older life of it becomes a dead letter `stale`. */
  reply(message: unknown): void;
}

/**
 * One that answers 'pending' will `reply` later; until then the effect is in flight and stands in the actor's snapshots. An
 * `async` one is in flight until its promise settles; a rejection is a failed effect, as a throw is.
 */
export type EffectHandler = (payload: never, call: EffectCall) => unknown;

/** Handlers by effect name; they run between turns, after the turn that asked has been committed. */
export type EffectTable = Readonly<Record<string, EffectHandler>>;

/** Told to the actor on its system lane when a handler threw. */
export interface EffectFailed {
  readonly type: 'runtime.effect_failed';
  readonly effect: string;
  readonly key: string;
  readonly cause: import('../types.js').FailureCause;
}

/** Whether a handler is an `async` one: what it did is known when this settles. */
export function isPromise(answer: unknown): answer is PromiseLike<unknown> {
  return typeof answer === 'object' && answer !== null && typeof (answer as { readonly then?: unknown }).then === 'function';
}
