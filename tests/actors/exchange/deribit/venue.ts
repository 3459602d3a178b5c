import assert from 'node:assert/strict';
import { CROWD } from '../../../../actors/exchange/book/index.js';
import { DeribitError } from '../../../../actors/exchange/deribit/errors.js';
import { DeribitVenue } from '../../../../actors/exchange/deribit/venue.js';
import type { DeribitAccount } from '../../../../actors/exchange/deribit/account.js';
import type { PlaceArguments, PlaceResult } from '../../../../actors/exchange/deribit/orders.js';
import { accountId } from '../../../../actors/exchange/ids.js';

/** 2026-08-19T12:00:00Z. */
export const START_US = Date.UTC(2026, 7, 19, 12) * 1000;
export const ALICE = accountId(1000);
export const BOB = accountId(1001);

export interface Notice {
  readonly key: string;
  readonly channel: string;
  readonly data: unknown;
}

/** A venue of two accounts at an index of 60 000 and 3 000, without a market inside; `notices` is what it publishes. */
export function openVenue(balances: Readonly<Record<string, string>> = { BTC: '10', ETH: '100', USDC: '100000' }): { readonly venue: DeribitVenue; readonly notices: Notice[]; readonly alice: DeribitAccount; readonly bob: DeribitAccount } {
  const notices: Notice[] = [];
  const venue = new DeribitVenue({
    nowUs: START_US, indices: new Map([['BTC', 60_000], ['ETH', 3000]]), publish: (key, channel, data) => notices.push({ key, channel, data }),
    accounts: [ALICE, BOB].map((id) => ({ id, name: `account ${id}`, balances: new Map(Object.entries(balances)) })),
  });
  return { venue, notices, alice: venue.account(ALICE), bob: venue.account(BOB) };
}

export type Wanted = Partial<Omit<PlaceArguments, 'instrument'>> & { readonly instrument?: string };

/** Places an order: 100 USD of BTC-PERPETUAL at 60 000 unless told otherwise. */
export function place(venue: DeribitVenue, account: DeribitAccount, wanted: Wanted, nowUs = venue.nowUs): PlaceResult {
  const { instrument = 'BTC-PERPETUAL', ...rest } = wanted;
  return venue.call(nowUs, () => venue.orders.place(account, {
    instrument: venue.instrument(instrument), direction: 'buy', amount: 100, type: 'limit', price: rest.type === 'market' ? undefined : 60_000, postOnly: false, rejectPostOnly: false, reduceOnly: false, connection: 0, ...rest,
  }));
}

/** An agent's resting order. */
export function quote(venue: DeribitVenue, instrument: string, side: 0 | 1, price: number, amount: number): void {
  const found = venue.instrument(instrument);
  if (venue.market(found).book.add(side, Math.round(price / found.tickSize), Math.round(amount / found.contractSize), CROWD) === 0) throw new Error('the quote would cross');
  venue.marketActed(venue.nowUs);
}

/** The code that the venue refuses `body` with, or 'accepted'. */
export function code(body: () => unknown): number | string {
  try {
    body();
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof DeribitError, String(error));
    return error.code;
  }
}
