import type { Json, VenueProduct } from '../../../actors/engine/io.js';
import type { KeyRights } from '../../../actors/gateway/messages.js';
import type { RestClient } from './client.js';
import { askedSigned, type StampClock } from './stamped.js';

export type RightsCheck = { readonly ok: true; readonly rights: KeyRights } | { readonly ok: false; readonly problem: string; readonly fix: string };

const TRADES: Readonly<Record<VenueProduct, keyof KeyRights>> = { spot: 'tradesSpot', usdm: 'tradesUsdm', options: 'tradesOptions' };
const FIX = 'make a key that can read and trade and cannot withdraw, and restrict it to this machine\'s address';

/** Reads the body of `apiRestrictions`; undefined unless every right is there and is true or false. */
export function rightsOf(body: Json): KeyRights | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const members = body as { readonly [key: string]: Json };
  const right = (name: string): boolean | undefined => (typeof members[name] === 'boolean' ? members[name] : undefined);
  const [reads, withdraws, tradesSpot, tradesUsdm, tradesOptions] =
    ['enableReading', 'enableWithdrawals', 'enableSpotAndMarginTrading', 'enableFutures', 'enableVanillaOptions'].map(right);
  if (reads === undefined || withdraws === undefined || tradesSpot === undefined || tradesUsdm === undefined || tradesOptions === undefined) return undefined;
  return { reads, withdraws, tradesSpot, tradesUsdm, tradesOptions, ipRestricted: right('ipRestrict') ?? false };
}

/** Judges rights for `live`: reading and trading of the products, and no withdrawals. */
export function judgeRights(rights: KeyRights | undefined, products: readonly VenueProduct[]): RightsCheck {
  if (rights === undefined) return { ok: false, problem: 'the venue did not say what this API key may do, so it counts as a key that can withdraw', fix: FIX };
  if (rights.withdraws) return { ok: false, problem: 'this API key can withdraw', fix: FIX };
  if (!rights.reads) return { ok: false, problem: 'this API key cannot read the account', fix: FIX };
  const missing = products.filter((product) => !rights[TRADES[product]]);
  if (missing.length > 0) return { ok: false, problem: `this API key cannot trade ${missing.join(' and ')}`, fix: FIX };
  return { ok: true, rights };
}

/** Asks the venue what the key may do. `live` starts only when this is `ok`: whatever cannot be read is refused. */
export async function checkRights(client: RestClient, products: readonly VenueProduct[], clock: StampClock, timeoutMs = 10_000): Promise<RightsCheck> {
  const outcome = await askedSigned(client, { product: 'spot', path: '/sapi/v1/account/apiRestrictions', timeoutMs }, clock);
  return judgeRights(outcome.kind === 'answer' && outcome.status === 200 ? rightsOf(outcome.body) : undefined, products);
}
