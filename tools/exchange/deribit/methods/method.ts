import type { DeribitAccount } from '../../../../actors/exchange/deribit/account.js';
import type { DeribitParams } from '../../../../actors/exchange/deribit/params.js';
import type { DeribitVenue } from '../../../../actors/exchange/deribit/venue.js';
import { invalidParam } from '../../../../actors/exchange/deribit/errors.js';
import { CURRENCIES, type Currency, type DeribitInstrument } from '../../../../actors/exchange/deribit/instruments.js';

/** What a public method works with, in a turn of the engine. */
export interface PublicCall {
  readonly venue: DeribitVenue;
  readonly params: DeribitParams;
}

export interface PrivateCall extends PublicCall {
  readonly account: DeribitAccount;
  /** Websocket that the call came by; 0 = HTTP. */
  readonly connection: number;
}

export type Method =
  | { readonly kind: 'public'; run(call: PublicCall): unknown }
  | { readonly kind: 'private'; readonly needs: 'read' | 'read_write'; run(call: PrivateCall): unknown };

export type MethodTable = Readonly<Record<string, Method>>;

export const open = (run: (call: PublicCall) => unknown): Method => ({ kind: 'public', run });
export const reads = (run: (call: PrivateCall) => unknown): Method => ({ kind: 'private', needs: 'read', run });
export const trades = (run: (call: PrivateCall) => unknown): Method => ({ kind: 'private', needs: 'read_write', run });

export const SORTINGS = ['asc', 'desc', 'default'] as const;
export const KINDS = ['future', 'option', 'spot', 'future_combo', 'option_combo', 'any', 'combo'] as const;

/** A currency of this venue; names of others are no error, nothing is listed in them. */
export function currency(params: DeribitParams, name = 'currency'): Currency | undefined {
  const text = params.text(name);
  if (!/^[A-Za-z]{2,6}$/.test(text)) throw invalidParam(name, 'unknown currency');
  return CURRENCIES.find((known) => known === text.toUpperCase());
}

export function optionalCurrency(params: DeribitParams): Currency | undefined | 'none' {
  if (!params.has('currency') || params.text('currency') === 'any') return undefined;
  return currency(params) ?? 'none';
}

/** Whether an instrument is of the currency and kind that the call asks for. */
export function wanted(params: DeribitParams): (instrument: DeribitInstrument) => boolean {
  const chosen = optionalCurrency(params);
  const kind = params.optionalWord('kind', KINDS) ?? 'any';
  return (instrument) => (chosen === undefined || chosen === instrument.settlement) && (kind === 'any' || kind === instrument.kind);
}

/** The newest `count` of a list that is oldest first, as the call wants them sorted. */
export function newest<T>(all: readonly T[], count: number, sorting: (typeof SORTINGS)[number] | undefined): { readonly items: T[]; readonly more: boolean } {
  const ascending = sorting === 'asc';
  const items = ascending ? all.slice(0, count) : all.slice(-count).reverse();
  return { items, more: all.length > count };
}
