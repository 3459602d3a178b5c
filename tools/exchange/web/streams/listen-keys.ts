import { randomBytes } from 'node:crypto';
import type { CancelTimer, WebClock } from '../clock.js';
import type { Endpoint, RequestRule, WsMethod } from '../endpoint.js';
import { noListenKey } from '../errors.js';
import type { StreamHub } from './hub.js';

const LIFE_US = 60 * 60e6;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const KEY_LENGTH = 64;

interface LiveKey {
  readonly key: string;
  cancel: CancelTimer;
}

/** The listenKeys of a product: one an account, an hour of venue time each unless it is kept alive. */
export class ListenKeys {
  readonly #clock: WebClock;
  readonly #hub: StreamHub;
  readonly #live = new Map<string, LiveKey>();

  constructor(clock: WebClock, hub: StreamHub) {
    this.#clock = clock;
    this.#hub = hub;
  }

  /** The account's key, made if it has none; either way it lives an hour from now. */
  create(account: string): string {
    const live = this.#live.get(account);
    if (live !== undefined) {
      this.#extend(account, live);
      return live.key;
    }
    const made: LiveKey = { key: randomKey(), cancel: () => {} };
    this.#live.set(account, made);
    this.#hub.setListenKey(account, made.key);
    this.#extend(account, made);
    return made.key;
  }

  /** Another hour; -1125 when there is no such key (any more). `key` is looked at where the client sent it. */
  keepAlive(account: string, key?: string): string {
    const live = this.#live.get(account);
    if (live === undefined || (key !== undefined && key !== live.key)) throw noListenKey();
    this.#extend(account, live);
    return live.key;
  }

  /** Ends the account's key without a word to its listeners; -1125 when there is none. */
  close(account: string, key?: string): void {
    const live = this.#live.get(account);
    if (live === undefined || (key !== undefined && key !== live.key)) throw noListenKey();
    this.#forget(account, live);
  }

  /** Ends the key as its hour would, with listenKeyExpired. */
  expire(account: string): void {
    const live = this.#live.get(account);
    if (live === undefined) return;
    this.#forget(account, live);
    const nowMs = Math.floor(this.#clock.nowUs() / 1000);
    // E is a string in this one event.
    this.#hub.toListenKey(live.key, account, 'listenKeyExpired', () => `{"e":"listenKeyExpired","E":"${nowMs}","listenKey":"${live.key}"}`);
  }

  of(account: string): string | undefined {
    return this.#live.get(account)?.key;
  }

  #extend(account: string, live: LiveKey): void {
    live.cancel();
    live.cancel = this.#clock.after(LIFE_US, () => this.expire(account));
  }

  #forget(account: string, live: LiveKey): void {
    live.cancel();
    this.#live.delete(account);
    this.#hub.setListenKey(account, undefined);
  }
}

/** POST, PUT and DELETE of listenKeys at `path` (`/fapi/v1/listenKey`); the API key alone is needed. */
export function listenKeyEndpoints(path: string, keys: ListenKeys): readonly Endpoint[] {
  const rule = { path, security: 'key', permission: 'USER_STREAM', weight: 1 } as const;
  return [
    { ...rule, method: 'POST', handle: starts(keys) },
    { ...rule, method: 'PUT', handle: pings(keys) },
    { ...rule, method: 'DELETE', handle: stops(keys) },
  ];
}

/** `userDataStream.start`, `.ping` and `.stop` of the futures' websocket API. */
export function listenKeyMethods(keys: ListenKeys): readonly WsMethod[] {
  const rule = { security: 'key', permission: 'USER_STREAM', weight: 5 } as const;
  return [
    { ...rule, method: 'userDataStream.start', handle: starts(keys) },
    { ...rule, method: 'userDataStream.ping', handle: pings(keys) },
    { ...rule, method: 'userDataStream.stop', handle: stops(keys) },
  ];
}

function starts(keys: ListenKeys): RequestRule['handle'] {
  return (_params, caller) => ({ listenKey: keys.create(caller.account) });
}

function pings(keys: ListenKeys): RequestRule['handle'] {
  return (params, caller) => ({ listenKey: keys.keepAlive(caller.account, params.optionalString('listenKey')) });
}

function stops(keys: ListenKeys): RequestRule['handle'] {
  return (params, caller) => {
    keys.close(caller.account, params.optionalString('listenKey'));
    return {};
  };
}

function randomKey(): string {
  let key = '';
  for (const byte of randomBytes(KEY_LENGTH)) key += LETTERS[byte % LETTERS.length]!;
  return key;
}
