/** Names of channels: what each asks for. A wrong name is refused, one of something that is not traded here stays silent. */
import type { BookInterval } from './book-feed.js';
import { invalidParam } from './errors.js';
import { CURRENCIES, type Currency, type DeribitInstrument } from './instruments.js';

type Interval = BookInterval;
/** What a channel of trades or of an account's orders is about. */
export type Scope = { readonly instrument: DeribitInstrument } | { readonly kind: string; readonly currency: string };

export type Channel =
  | { readonly type: 'book'; readonly instrument: DeribitInstrument; readonly interval: Interval }
  | { readonly type: 'grouped'; readonly instrument: DeribitInstrument; readonly group: number; readonly depth: number; readonly interval: Interval }
  | { readonly type: 'trades'; readonly scope: Scope; readonly interval: Interval }
  | { readonly type: 'ticker'; readonly instrument: DeribitInstrument; readonly interval: Interval }
  | { readonly type: 'perpetual'; readonly instrument: DeribitInstrument; readonly interval: Interval }
  | { readonly type: 'quote'; readonly instrument: DeribitInstrument }
  | { readonly type: 'index'; readonly name: string; readonly base: string }
  | { readonly type: 'chart'; readonly instrument: DeribitInstrument; readonly resolution: string; readonly widthMs: number }
  | { readonly type: 'platform' }
  | { readonly type: 'orders' | 'user-trades' | 'changes'; readonly scope: Scope; readonly interval: Interval }
  | { readonly type: 'portfolio'; readonly currency: Currency | 'any' | 'none' };

export const RESOLUTIONS: ReadonlyMap<string, number> = new Map([
  ...['1', '3', '5', '10', '15', '30', '60', '120', '180', '360', '720'].map((minutes) => [minutes, Number(minutes) * 60_000] as const), ['1D', 86_400_000],
]);
const KINDS: ReadonlySet<string> = new Set(['any', 'future', 'option', 'spot', 'future_combo', 'option_combo', 'combo']);
const isInterval = (text: string | undefined): text is Interval => text === 'raw' || text === '100ms' || text === 'agg2';

/** Currencies that channels may name; clients name them all, also those that nothing is settled in here. */
const CHANNEL_CURRENCIES: ReadonlySet<string> = new Set(['any', 'BTC', 'ETH', 'USDC', 'USDT', 'EURR']);
/** Steps to which a grouped book's prices are rounded, by base; those of ETH are hundredths. */
const GROUPS: ReadonlyMap<string, { readonly texts: readonly string[]; readonly unit: number }> = new Map([
  ['BTC', { texts: ['1', '2', '5', '10'], unit: 1 }], ['ETH', { texts: ['5', '10', '25', '100', '250'], unit: 0.01 }],
]);
const DEPTHS: readonly string[] = ['1', '10', '20'];

/** Where names of instruments are looked up. */
export interface Listed {
  readonly instruments: readonly DeribitInstrument[];
  /** @throws DeribitError when there is none of this name. */
  instrument(name: string): DeribitInstrument;
}

/** @throws DeribitError when there is no such channel. */
export function parseChannel(listed: Listed, name: string): Channel {
  const parts = name.split('.');
  const channel = parsePublic(listed, parts) ?? (parts[0] === 'user' ? parseUser(listed, parts) : undefined);
  if (channel === undefined) throw invalidParam('channels', `unknown channel: ${name.slice(0, 80)}`);
  return channel;
}

function parsePublic(listed: Listed, parts: readonly string[]): Channel | undefined {
  const count = parts.length;
  const [type, second, third, fourth, fifth] = parts;
  if (type === 'platform_state' && count === 1) return { type: 'platform' };
  if (second === undefined) return undefined;
  if (type === 'deribit_price_index' && count === 2) {
    const base = listed.instruments.find(({ indexName }) => indexName === second)?.base;
    return base === undefined ? undefined : { type: 'index', name: second, base };
  }
  if (type === 'chart' && second === 'trades' && third !== undefined && fourth !== undefined && count === 4) {
    const widthMs = RESOLUTIONS.get(fourth);
    return widthMs === undefined ? undefined : { type: 'chart', instrument: listed.instrument(third), resolution: fourth, widthMs };
  }
  if (type === 'quote' && count === 2) return { type: 'quote', instrument: listed.instrument(second) };
  if (type === 'trades' && KINDS.has(second) && count === 4) {
    return isInterval(fourth) && isCurrency(third) ? { type: 'trades', scope: { kind: second, currency: third! }, interval: fourth } : undefined;
  }
  if (count === 3 && isInterval(third)) {
    if (type === 'book' || type === 'ticker' || type === 'perpetual') return { type, instrument: listed.instrument(second), interval: third };
    if (type === 'trades') return { type, scope: { instrument: listed.instrument(second) }, interval: third };
  }
  if (type === 'book' && count === 5 && isInterval(fifth) && fifth !== 'raw') {
    const instrument = listed.instrument(second);
    const groups = GROUPS.get(instrument.base);
    const group = third === 'none' ? 0 : groups?.texts.includes(third!) === true ? Number(third) * groups.unit : undefined;
    if (group === undefined || !DEPTHS.includes(fourth!)) return undefined;
    return { type: 'grouped', instrument, group, depth: Number(fourth), interval: fifth };
  }
  return undefined;
}

function parseUser(listed: Listed, parts: readonly string[]): Channel | undefined {
  const [, what, third, fourth, fifth] = parts;
  if (what === 'portfolio' && parts.length === 3) {
    const currency = third?.toUpperCase();
    if (currency === 'ANY') return { type: 'portfolio', currency: 'any' };
    // Currencies that are not traded here are accepted and stay silent: clients name them all.
    return { type: 'portfolio', currency: CURRENCIES.find((known) => known === currency) ?? 'none' };
  }
  const type = what === 'orders' || what === 'changes' ? what : what === 'trades' ? 'user-trades' : undefined;
  if (type === undefined || third === undefined) return undefined;
  if (parts.length === 4 && isInterval(fourth)) return { type, scope: { instrument: listed.instrument(third) }, interval: fourth };
  if (parts.length === 5 && isInterval(fifth) && KINDS.has(third) && isCurrency(fourth)) return { type, scope: { kind: third, currency: fourth! }, interval: fifth };
  return undefined;
}

const isCurrency = (text: string | undefined): boolean => text !== undefined && CHANNEL_CURRENCIES.has(text);

export function inScope(scope: Scope, instrument: DeribitInstrument): boolean {
  if ('instrument' in scope) return scope.instrument === instrument;
  return (scope.kind === 'any' || scope.kind === instrument.kind) && (scope.currency === 'any' || scope.currency === instrument.settlement);
}
