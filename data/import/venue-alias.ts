/** Names of venues inside files (lower case, `_` read as `-`) and the venue ids they mean. */
const ALIASES: Readonly<Record<string, string>> = {
  binance: 'binance-spot',
  'binance-spot': 'binance-spot',
  spot: 'binance-spot',
  'binance-futures': 'binance-usdm',
  'binance-usdm': 'binance-usdm',
  'usd-m-futures': 'binance-usdm',
  'binance-delivery': 'binance-coinm',
  'binance-coinm': 'binance-coinm',
  'coin-m-futures': 'binance-coinm',
  deribit: 'deribit',
};

/** Hosts of stream and REST addresses at the head of recordings. */
const HOSTS: readonly [RegExp, string][] = [
  [/\b(?:dstream|dapi)\.binance\.com/, 'binance-coinm'],
  [/\b(?:fstream|fapi)\.binance\.com/, 'binance-usdm'],
  [/\b(?:stream|api|data-stream|data-api)\.binance\.(?:com|vision)/, 'binance-spot'],
  [/\bderibit\.com/, 'deribit'],
];

export const VENUE_PATTERN = /^[a-z0-9][a-z0-9._-]*$/;

/** The venue id that a name inside a file means; an unknown name is its own id, in lower case. */
export function venueOfName(name: string): string {
  const plain = name.trim().toLowerCase().replaceAll('_', '-');
  return ALIASES[plain] ?? plain;
}

/** The venue id of an address, or undefined for a host that is not known. */
export function venueOfUrl(url: string): string | undefined {
  return HOSTS.find(([host]) => host.test(url))?.[1];
}
