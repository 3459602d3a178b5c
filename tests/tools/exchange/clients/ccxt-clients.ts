import ccxt from 'ccxt';
import type { Key, Ready } from './venue.js';

/** What the client's typings leave open: addresses by name. */
interface Addresses {
  api: Record<string, unknown> & { readonly ws: Record<string, unknown> & { readonly 'ws-api': Record<string, string> } };
}

type BinanceType = 'spot' | 'swap' | 'option';
const MARKETS: Readonly<Record<BinanceType, string>> = { spot: 'spot', swap: 'linear', option: 'option' };
/** Its own default is a timer of twenty minutes, which would keep the process of the tests. */
const LISTEN_KEY_REFRESH_MS = 2000;

/** ccxt's own class, with the venue's addresses and a key. `swap` trades USD-M. */
export async function ccxtBinance(ready: Ready, type: BinanceType, { key, secret }: Key, more: { readonly options?: object } = {}): Promise<InstanceType<typeof ccxt.pro.binance>> {
  const client = new ccxt.pro.binance({
    apiKey: key, secret, enableRateLimit: false, ...more,
    options: { defaultType: type, listenKeyRefreshRate: LISTEN_KEY_REFRESH_MS, fetchMarkets: { types: [MARKETS[type]] }, fetchCurrencies: false, fetchMargins: false, ...more.options },
  });
  const { api } = client.urls as unknown as Addresses;
  const origins: Readonly<Record<string, string>> = { 'api.binance.com': ready.spot.rest, 'fapi.binance.com': ready.usdm.rest, 'eapi.binance.com': ready.options.rest };
  for (const [name, url] of Object.entries(api)) {
    const origin = typeof url === 'string' ? origins[new URL(url).host] : undefined;
    if (origin !== undefined) api[name] = origin + new URL(url as string).pathname;
  }
  Object.assign(api.ws, {
    spot: `${ready.spot.ws}/ws`, future: `${ready.usdm.ws}/ws`,
    option: `${ready.options.ws}/public/ws`, optionMarket: `${ready.options.ws}/market/ws`, optionPrivate: `${ready.options.ws}/private/ws`,
  });
  Object.assign(api.ws['ws-api'], { spot: ready.spot.wsApi!, future: ready.usdm.wsApi! });
  await client.loadHttpProxyAgent();
  return client;
}

export async function ccxtDeribit(ready: Ready, { key, secret }: Key): Promise<InstanceType<typeof ccxt.pro.deribit>> {
  const client = new ccxt.pro.deribit({ apiKey: key, secret, enableRateLimit: false });
  Object.assign((client.urls as unknown as Addresses).api, { rest: ready.deribit.rest, ws: `${ready.deribit.ws}/ws/api/v2` });
  await client.loadHttpProxyAgent();
  return client;
}
