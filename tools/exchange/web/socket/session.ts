import type { ApiKey } from '../auth/keys.js';
import { rejectedKey, subscriptionActive, subscriptionIdsUsedUp, subscriptionInactive } from '../errors.js';
import { VenueError } from '../../../../actors/exchange/venue-error.js';
import type { TimeUnit, WsMethod } from '../endpoint.js';
import type { MakeText, StreamHub, UserSink } from '../streams/hub.js';
import type { Connection } from './connection.js';

const MOST_ACTIVE = 1000;
const MOST_EVER = 65_535;

interface UserSubscription {
  readonly account: string;
  /** Made by userDataStream.subscribe, so that logging out ends it. */
  readonly ofLogon: boolean;
}

/** What a connection of the websocket API knows: who is logged on and which accounts' events it takes. */
export class WsSession implements UserSink {
  readonly connection: Connection;
  readonly timeUnit: TimeUnit;
  readonly returnRateLimits: boolean;
  key: ApiKey | undefined;
  authorizedUs: number | undefined;
  readonly #hub: StreamHub;
  readonly #subscriptions = new Map<number, UserSubscription>();
  #nextId = 0;

  constructor(connection: Connection, hub: StreamHub) {
    this.connection = connection;
    this.#hub = hub;
    this.timeUnit = connection.query.get('timeUnit')?.toUpperCase() === 'MICROSECOND' ? 'us' : 'ms';
    this.returnRateLimits = connection.query.get('returnRateLimits') !== 'false';
  }

  get subscriptionIds(): readonly number[] {
    return [...this.#subscriptions.keys()];
  }

  logOn(key: ApiKey, nowUs: number): void {
    this.key = key;
    this.authorizedUs = nowUs;
  }

  /** Forgets the key; the subscription that it made ends with eventStreamTerminated. */
  logOut(nowUs: number): void {
    this.key = undefined;
    this.authorizedUs = undefined;
    for (const [id, subscription] of this.#subscriptions) if (subscription.ofLogon) this.#end(id, subscription, nowUs);
  }

  /** Takes an account's events; the subscription's id. -2035 when it takes them already, -2042 when the ids are used up. */
  subscribe(account: string, ofLogon: boolean): number {
    for (const subscription of this.#subscriptions.values()) if (subscription.account === account) throw subscriptionActive();
    if (this.#nextId >= MOST_EVER) throw subscriptionIdsUsedUp();
    if (this.#subscriptions.size >= MOST_ACTIVE) {
      throw new VenueError(-1191, `Too many subscriptions. Connection may create up to '${MOST_ACTIVE}' subscriptions at a time.`);
    }
    const id = this.#nextId++;
    this.#subscriptions.set(id, { account, ofLogon });
    this.#hub.addSink(account, this);
    return id;
  }

  /** Ends one subscription, or all; -2036 when there is none. */
  unsubscribe(id: number | undefined, nowUs: number): void {
    if (id === undefined) {
      if (this.#subscriptions.size === 0) throw subscriptionInactive();
      for (const [each, subscription] of this.#subscriptions) this.#end(each, subscription, nowUs);
      return;
    }
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) throw subscriptionInactive();
    this.#end(id, subscription, nowUs);
  }

  userEvent(account: string, eventType: string, makeText: MakeText): void {
    for (const [id, subscription] of this.#subscriptions) {
      if (subscription.account === account) this.#send(id, account, eventType, makeText(this.timeUnit));
    }
  }

  /** The connection is gone. */
  closed(): void {
    for (const { account } of this.#subscriptions.values()) this.#hub.removeSink(account, this);
    this.#subscriptions.clear();
  }

  #end(id: number, { account }: UserSubscription, nowUs: number): void {
    this.#subscriptions.delete(id);
    this.#hub.removeSink(account, this);
    const stamp = Math.floor(this.timeUnit === 'us' ? nowUs : nowUs / 1000);
    this.#send(id, account, 'eventStreamTerminated', `{"e":"eventStreamTerminated","E":${stamp}}`);
  }

  #send(id: number, account: string, eventType: string, text: string): void {
    this.connection.sendText(`{"subscriptionId":${id},"event":${text}}`, 'user', eventType, account);
  }
}

/** `session.logon`, `.status` and `.logout`. */
export const SESSION_METHODS: readonly WsMethod[] = [
  {
    method: 'session.logon', security: 'signed', weight: 2,
    handle: (params, caller) => {
      const session = caller.session!;
      const key = caller.key!;
      params.string('apiKey');
      if (key.proof.kind !== 'ed25519') throw new VenueError(-4056, `${key.proof.kind === 'hmac' ? 'HMAC_SHA256' : 'RSA'} API key is not supported.`);
      session.logOn(key, caller.receivedUs);
      return statusOf(session, caller.receivedUs);
    },
  },
  { method: 'session.status', security: 'none', weight: 2, handle: (_params, caller) => statusOf(caller.session!, caller.receivedUs) },
  {
    method: 'session.logout', security: 'none', weight: 2,
    handle: (_params, caller) => {
      caller.session!.logOut(caller.receivedUs);
      return statusOf(caller.session!, caller.receivedUs);
    },
  },
];

/** The user stream of spot: subscriptions on the websocket API itself. */
export const USER_STREAM_METHODS: readonly WsMethod[] = [
  {
    method: 'userDataStream.subscribe', security: 'none', weight: 2,
    handle: (_params, caller) => {
      const { key } = caller.session!;
      if (key === undefined || !key.permissions.has('USER_STREAM')) throw rejectedKey();
      return { subscriptionId: caller.session!.subscribe(key.account, true) };
    },
  },
  {
    method: 'userDataStream.subscribe.signature', security: 'signed', permission: 'USER_STREAM', weight: 2,
    handle: (_params, caller) => ({ subscriptionId: caller.session!.subscribe(caller.account, false) }),
  },
  {
    method: 'userDataStream.unsubscribe', security: 'none', weight: 2,
    handle: (params, caller) => {
      caller.session!.unsubscribe(params.optionalInt('subscriptionId'), caller.receivedUs);
      return {};
    },
  },
  {
    method: 'session.subscriptions', security: 'none', weight: 2,
    handle: (_params, caller) => caller.session!.subscriptionIds.map((subscriptionId) => ({ subscriptionId })),
  },
];

function statusOf(session: WsSession, nowUs: number): object {
  const stamp = (us: number): number => Math.floor(session.timeUnit === 'us' ? us : us / 1000);
  return {
    apiKey: session.key?.id ?? null,
    authorizedSince: session.authorizedUs === undefined ? null : stamp(session.authorizedUs),
    connectedSince: stamp(session.connection.connectedUs),
    returnRateLimits: session.returnRateLimits,
    serverTime: stamp(nowUs),
    userDataStream: session.subscriptionIds.length > 0,
  };
}
