import type { SpotVenue } from '../../../actors/exchange/spot/venue.js';
import type { FuturesVenue } from '../../../actors/exchange/futures/usdm/index.js';
import { EnginePort } from '../product/engine-port.js';
import type { Exchange } from '../exchange.js';
import type { SoakClient } from './client.js';
import type { OrderRecord } from './records.js';

interface VenueOrder {
  readonly status: string;
  readonly filled: number;
}

/** The venue's own records, as clients' are held against them. */
export class Truth {
  readonly #exchange: Exchange;
  readonly #spot: EnginePort<SpotVenue>;
  readonly #usdm: EnginePort<FuturesVenue>;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#spot = new EnginePort(exchange.runtime, 'spot', exchange.clock.speed);
    this.#usdm = new EnginePort(exchange.runtime, 'usdm', exchange.clock.speed);
  }

  /** Holds ended orders of a client against the venue's; what differs, in words. */
  async compare(client: SoakClient, records: readonly OrderRecord[]): Promise<string[]> {
    const orders = client.dialect.product === 'spot' ? await this.#spotOrders(client, records) : await this.#usdmOrders(client, records);
    return records.flatMap(({ id, status, filled }) => {
      const venue = orders.get(id);
      const mine = `${client.dialect.product} ${id}: the client has ${status} ${filled}`;
      if (status === 'NEVER') return venue === undefined ? [] : [`${mine}, the venue ${venue.status}`];
      if (venue === undefined) return [`${mine}, the venue nothing`];
      return venue.status === status && Math.abs(venue.filled - filled) < 1e-9 ? [] : [`${mine}, the venue ${venue.status} ${venue.filled}`];
    });
  }

  /** Sums of assets and crossed books, everywhere; what is wrong, in words. */
  async check(): Promise<string[]> {
    const books = (await this.#exchange.books(0)) as Readonly<Record<string, Books>>;
    const wrong: string[] = [];
    for (const product of ['spot', 'usdm', 'options', 'deribit']) {
      const { sums, supply, markets = [] } = books[product]!;
      for (const [asset, sum] of Object.entries(sums)) {
        const [held, made] = typeof sum === 'string' ? [sum, supply?.[asset]] : [sum.held, sum.supply];
        if (held !== made) wrong.push(`${product}: ${held} ${asset} are held and ${made} were brought in`);
      }
      for (const { symbol, bid, ask } of markets) if (Number(bid) > 0 && Number(ask) > 0 && Number(bid) >= Number(ask)) wrong.push(`${product} ${symbol} is crossed: ${bid} ${ask}`);
    }
    return wrong;
  }

  /** Records that the venues keep so that clients can ask for them: ended orders, fills, movements of money. They grow until their bounds. */
  async history(): Promise<number> {
    const spot = await this.#spot.ask((venue) => {
      let count = 0;
      for (const { symbols } of venue.accounts.values()) for (const { orders, fills, amendments, prevented } of symbols.values()) count += orders.size + fills.length + amendments.length + prevented.length;
      return count;
    });
    const usdm = await this.#usdm.ask((venue) => {
      let count = 0;
      for (const { history } of venue.core.accounts.values()) count += history.orders.items.length + history.fills.items.length + history.incomes.items.length + history.forced.items.length;
      return count;
    });
    return spot + usdm;
  }

  #spotOrders(client: SoakClient, records: readonly OrderRecord[]): Promise<Map<string, VenueOrder>> {
    return this.#spot.ask((venue) => {
      const found = new Map<string, VenueOrder>();
      const account = venue.account(client.account.id);
      for (const { id, symbol } of records) {
        const market = venue.market(symbol);
        const order = account.on(market).byClientId.get(id);
        if (order !== undefined) found.set(id, { status: order.status, filled: Number(market.symbol.quantity(order.filledLots)) });
      }
      return found;
    });
  }

  #usdmOrders(client: SoakClient, records: readonly OrderRecord[]): Promise<Map<string, VenueOrder>> {
    return this.#usdm.ask((venue) => {
      const wanted = new Set(records.map(({ id }) => id));
      const found = new Map<string, VenueOrder>();
      const account = venue.account(client.account.id);
      for (const order of [...account.history.orders.items, ...account.openOrders.values()]) {
        const { clientOrderId } = order.terms;
        if (wanted.has(clientOrderId)) found.set(clientOrderId, { status: order.status, filled: Number(order.symbol.formatLots(order.filledLots)) });
      }
      return found;
    });
  }
}

interface Books {
  readonly sums: Readonly<Record<string, string | { readonly held: string; readonly supply: string }>>;
  readonly supply?: Readonly<Record<string, string>>;
  readonly markets?: readonly { readonly symbol: string; readonly bid: string; readonly ask: string }[];
}
