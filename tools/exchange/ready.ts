import type { Accounts, KeyKind } from './accounts/accounts.js';
import type { Exchange } from './exchange.js';

interface ReadyKey {
  readonly key: string;
  /** The shared secret, or the private key as PEM: what clients call `secret`. */
  readonly secret: string;
}

/** The certificate's own authority. */
export interface Authority {
  readonly pem: string;
  readonly path: string;
}

/** The one line of `faultline exchange --json`. */
export function readyLine(exchange: Exchange, accounts: Accounts, socket: string, authority?: Authority): object {
  const keys = firstKeys(accounts);
  return {
    ...exchange.origins(),
    key: keys.hmac?.key ?? null,
    secret: keys.hmac?.secret ?? null,
    keys: { hmac: keys.hmac ?? null, rsa: keys.rsa ?? null, ed25519: keys.ed25519 ?? null },
    accounts: accounts.all.map(({ name, keys: all }) => ({ name, keys: all.map(({ kind, key, secret }) => ({ kind, key, secret: secret ?? null })) })),
    clock: exchange.clockNow(),
    socket,
    // With --tls: what clients are to trust, as text and as a file.
    ...(authority === undefined ? {} : { ca: authority.pem, caFile: authority.path }),
  };
}

/** URLs, keys, and lines to copy into a program. */
export function linesForPeople(exchange: Exchange, accounts: Accounts, name: string, authority?: Authority): string {
  const { spot, usdm, options, deribit } = exchange.origins();
  const { hmac } = firstKeys(accounts);
  const key = hmac?.key ?? 'KEY';
  const secret = hmac?.secret ?? 'SECRET';
  return `The exchange ${name} is open.

  spot     ${spot.rest}   ${spot.ws}   ${spot.wsApi}
  usdm     ${usdm.rest}   ${usdm.ws}   ${usdm.wsApi}
  options  ${options.rest}   ${options.ws}
  deribit  ${deribit.rest}   ${deribit.ws}

  key      ${key}
  secret   ${secret}
${authority === undefined ? '' : `  trust    NODE_EXTRA_CA_CERTS=${authority.path}\n`}
ccxt, spot:
  const ex = new ccxt.binance({ apiKey: '${key}', secret: '${secret}', options: { fetchMarkets: { types: ['spot'] }, fetchCurrencies: false, fetchMargins: false } });
  for (const api of ['public', 'private', 'v1', 'sapi', 'sapiV2', 'sapiV3', 'sapiV4']) ex.urls.api[api] = ex.urls.api[api].replace('https://api.binance.com', '${spot.rest}');
ccxt, USD-M:
  const ex = new ccxt.binance({ apiKey: '${key}', secret: '${secret}', options: { defaultType: 'swap', fetchMarkets: { types: ['linear'] }, fetchCurrencies: false, fetchMargins: false } });
  for (const api of ['fapiPublic', 'fapiPublicV2', 'fapiPublicV3', 'fapiPrivate', 'fapiPrivateV2', 'fapiPrivateV3']) ex.urls.api[api] = ex.urls.api[api].replace('https://fapi.binance.com', '${usdm.rest}');
ccxt.pro, before the first socket:
  await ex.loadHttpProxyAgent(); ex.urls.api.ws.spot = '${spot.ws}/ws'; ex.urls.api.ws['ws-api'].spot = '${spot.wsApi}'; ex.urls.api.ws.future = '${usdm.ws}/ws'; ex.urls.api.ws['ws-api'].future = '${usdm.wsApi}';
ccxt, Deribit:
  const ex = new ccxt.deribit({ apiKey: '${key}', secret: '${secret}' }); ex.urls.api.rest = '${deribit.rest}'; ex.urls.api.ws = '${deribit.ws}/ws/api/v2';
binance:
  new MainClient({ api_key: '${key}', api_secret: '${secret}', baseUrl: '${spot.rest}' });
  new USDMClient({ api_key: '${key}', api_secret: '${secret}', baseUrl: '${usdm.rest}' });
  new WebsocketClient({ api_key: '${key}', api_secret: '${secret}', wsUrl: '${spot.ws}' });
binance-api-node:
  Binance({ apiKey: '${key}', apiSecret: '${secret}', httpBase: '${spot.rest}', httpFutures: '${usdm.rest}', wsBase: '${spot.ws}/ws', wsFutures: '${usdm.ws}/ws', wsApi: '${spot.wsApi}' });
@binance/spot:
  new Spot({ configurationRestAPI: { apiKey: '${key}', apiSecret: '${secret}', basePath: '${spot.rest}' }, configurationWebsocketAPI: { apiKey: '${key}', apiSecret: '${secret}', wsURL: '${spot.wsApi}' }, configurationWebsocketStreams: { wsURL: '${spot.ws}' } });
curl:
  curl '${spot.rest}/api/v3/depth?symbol=BTCUSDT&limit=5'

Its books: faultline exchange books --process ${name}.  Its tree: faultline ps --process ${name}.  Its end: Ctrl-C.
`;
}

/** The first key of each kind that has a secret to show, and of accounts the first. */
function firstKeys(accounts: Accounts): Partial<Record<KeyKind, ReadyKey>> {
  const first: Partial<Record<KeyKind, ReadyKey>> = {};
  for (const { keys } of accounts.all) for (const { kind, key, secret } of keys) if (secret !== undefined) first[kind] ??= { key, secret };
  return first;
}
