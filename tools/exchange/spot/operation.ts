import type { AccountId } from '../../../actors/exchange/ids.js';
import type { SpotVenue } from '../../../actors/exchange/spot/venue.js';
import type { EnginePort } from '../product/engine-port.js';
import { accountOf } from '../accounts/key-store.js';
import { type Caller, type Endpoint, Later, type RequestRule, type WsMethod } from '../web/index.js';

/** One thing the venue does, by REST path and by name of the websocket API: most are the same on both. */
export interface Operation extends RequestRule {
  /** `POST /api/v3/order`. */
  readonly rest?: `${Endpoint['method']} ${string}`;
  readonly ws?: string;
}

export function endpointsOf(operations: readonly Operation[]): readonly Endpoint[] {
  return operations.flatMap(({ rest, ws: _ws, ...rule }) => {
    if (rest === undefined) return [];
    const [method, path] = rest.split(' ') as [Endpoint['method'], string];
    return [{ ...rule, method, path }];
  });
}

export function methodsOf(operations: readonly Operation[]): readonly WsMethod[] {
  return operations.flatMap(({ rest: _rest, ws, ...rule }) => (ws === undefined ? [] : [{ ...rule, method: ws }]));
}

/** Does something to the caller's account in the engine's next turn, after the second look at the request's window. */
export type Act = <R>(caller: Caller, call: (venue: SpotVenue, account: AccountId, nowUs: number) => R) => Promise<R>;

export function actOn(engine: EnginePort<SpotVenue>): Act {
  return (caller, call) => engine.ask((venue, nowUs) => {
    caller.checkWindow();
    return call(venue, accountOf(caller.account), nowUs);
  });
}

/** As {@link Act}, for requests that come by the thousand. */
export type ActLater = (caller: Caller, call: (venue: SpotVenue, account: AccountId, nowUs: number) => unknown) => Later;

export function actLaterOn(engine: EnginePort<SpotVenue>): ActLater {
  return (caller, call) => new Later((done, refused) => engine.call((venue, nowUs) => {
    caller.checkWindow();
    return call(venue, accountOf(caller.account), nowUs);
  }, done, refused));
}
