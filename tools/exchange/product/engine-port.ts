import type { EngineReply, Venue } from '../../../actors/exchange/engine.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import type { AskResult, Runtime } from '../../../runtime/index.js';
import { backendTimeoutMs } from '../web/index.js';
import { enginePath, type ProductName } from './product.js';

/** How faces reach an engine. What the engine could not take is answered in the venue's words: -1008 untouched, -1007 nobody knows. */
export class EnginePort<V extends Venue> {
  readonly #runtime: Runtime;
  readonly #path: string;
  readonly #deadlineMs: number;

  constructor(runtime: Runtime, product: ProductName, speed: number) {
    this.#runtime = runtime;
    this.#path = enginePath(product);
    this.#deadlineMs = backendTimeoutMs(speed);
  }

  /** Calls the venue in the engine's next turn. Rejects with the VenueError it threw. */
  ask<R>(call: (venue: V, nowUs: number) => R): Promise<R> {
    return new Promise((resolve, reject) => this.call(call, resolve, reject));
  }

  /** As `ask`, without a promise: exactly one of the two is called, later. */
  call<R>(call: (venue: V, nowUs: number) => R, done: (value: R) => void, refused: (error: VenueError) => void): void {
    this.#runtime.ask(this.#path, { type: 'call', call }, this.#deadlineMs, (result: AskResult<EngineReply<R>>) => {
      if (!result.ok) refused(unreachable(result.reason));
      else if (result.value.ok) done(result.value.value);
      else refused(result.value.error);
    });
  }
}

function unreachable(reason: 'timeout' | 'dead' | 'full' | 'down'): VenueError {
  switch (reason) {
    case 'full':
    case 'dead':
      return new VenueError(-1008, 'Server is currently overloaded with other requests. Please try again in a few minutes.', { status: 503 });
    case 'timeout':
    case 'down':
      return new VenueError(-1007, 'Timeout waiting for response from backend server. Send status unknown; execution status unknown.', { status: 504 });
  }
}
