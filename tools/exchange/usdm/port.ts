import type { FuturesAccount, FuturesVenue } from '../../../actors/exchange/futures/usdm/index.js';
import type { AccountId } from '../../../actors/exchange/ids.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import type { EnginePort } from '../product/engine-port.js';
import { accountOf } from '../accounts/key-store.js';
import { type Caller, Later } from '../web/index.js';

/** How the faces of USD-M reach its engine on behalf of a caller. */
export class UsdmPort {
  readonly #engine: EnginePort<FuturesVenue>;

  constructor(engine: EnginePort<FuturesVenue>) {
    this.#engine = engine;
  }

  /** In the engine's turn: the window is looked at once more, then `call` answers or refuses. */
  ask<R>(caller: Caller, call: (venue: FuturesVenue, account: AccountId, nowUs: number) => R): Promise<R> {
    return this.#engine.ask((venue, nowUs) => {
      caller.checkWindow();
      return call(venue, ownerOf(venue, caller), nowUs);
    });
  }

  /** As {@link ask}, for requests that come by the thousand. */
  askLater(caller: Caller, call: (venue: FuturesVenue, account: AccountId, nowUs: number) => unknown): Later {
    return new Later((done, refused) => this.#engine.call((venue, nowUs) => {
      caller.checkWindow();
      return call(venue, ownerOf(venue, caller), nowUs);
    }, done, refused));
  }

  /** A question about the caller's account. */
  askAccount<R>(caller: Caller, call: (account: FuturesAccount, venue: FuturesVenue, nowUs: number) => R): Promise<R> {
    return this.ask(caller, (venue, id, nowUs) => call(venue.account(id), venue, nowUs));
  }

  /** A question that is nobody's. */
  askVenue<R>(call: (venue: FuturesVenue, nowUs: number) => R): Promise<R> {
    return this.#engine.ask(call);
  }
}

/** @throws VenueError -4109 for a key whose account never had a futures wallet. */
function ownerOf(venue: FuturesVenue, caller: Caller): AccountId {
  const id = accountOf(caller.account);
  if (!venue.core.accounts.has(id)) throw new VenueError(-4109, 'This account is inactive.');
  return id;
}
