/** The engine: what it trades where, and what it keeps. Keys of the venue are the environment's, never the configuration's: docs/engine.md. */
import { z } from 'zod';
import { breakerSchema, gatewaySchema, limitsSchema, restSchema, userStreamSchema } from './gateway.js';
import { clockSchema, feedsSchema, rulesSchema } from './feeds.js';
import { guardSchema, ordersSchema } from './orders.js';
import { riskSchema } from './risk.js';
import { truthSchema } from './truth.js';

const symbols = z.array(z.string().regex(/^[A-Z0-9_-]{1,40}$/, 'expected a symbol as the venue spells it, e.g. "BTCUSDT"'));
const http = z.string().regex(/^https?:\/\/[^\s/?#]+$/, 'expected an origin, e.g. "https://api.binance.com"');
const ws = z.string().regex(/^wss?:\/\/[^\s?#]+$/, 'expected an address of websockets, e.g. "wss://stream.binance.com:9443"');

/** Where a product of the venue is; each key can be set by itself. */
export const addressSchema = z.strictObject({ rest: http, ws, wsApi: ws.optional() });

export const engineSymbolsSchema = z.strictObject({
  spot: symbols.default([]),
  usdm: symbols.default(['BTCUSDT']),
  options: symbols.default([]),
});

export const engineRunSchema = z.strictObject({
  /** Records after which a tape ends and the next one begins. */
  tapeRecords: z.int().min(1024).max(1_073_741_824).default(16_777_216),
  /** Finished tapes of a run that are kept, the newest, MiB. What comes after the last snapshot stays, whatever it takes. */
  keepTapeMiB: z.int().min(1).max(16_777_216).default(16_384),
  /** Days after which a finished tape of a run goes, also of one that goes on. */
  keepTapeDays: z.number().min(0.001).max(36_500).default(30),
  /** Runs that are kept, the newest, by number, days and MiB in all; those of replays and demonstrations among them. Looked at when a run begins, and at each new tape. */
  keepRuns: z.int().min(1).max(1_000_000).default(100),
  keepRunDays: z.number().min(0.001).max(36_500).default(30),
  keepRunsMiB: z.int().min(1).max(1_073_741_824).default(20_480),
  /** What stays free on the disk, MiB: below it openings end, and then the engine. */
  leastFreeMiB: z.int().min(0).max(16_777_216).default(256),
  /** How often tape, run log and decisions are handed to the system, besides before every order. A killed run loses no more. */
  flushEveryMs: z.int().min(10).max(60_000).default(500),
});

export const liveLimitsSchema = z.strictObject({
  /** Most that may be at risk in one symbol, and in all, in quote units; "0": not set, and mode live refuses to start. */
  maxSymbolNotional: z.string().regex(/^\d+(\.\d+)?$/, 'expected a decimal number in quotes, e.g. "10000"').default('0'),
  maxTotalNotional: z.string().regex(/^\d+(\.\d+)?$/, 'expected a decimal number in quotes, e.g. "10000"').default('0'),
  /** Orders that may work at once; 0: not set. */
  maxOpenOrders: z.int().min(0).max(1000).default(0),
});

export const engineSchema = z.strictObject({
  /** `paper`: real feeds, simulated venue. `demo`: orders go to the venue's demo, or to the exchange in a box. `live`: real money. */
  mode: z.enum(['paper', 'demo', 'live']).default('paper'),
  /** Names the account's record and its lock: one engine an account. */
  account: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/, 'expected letters, digits, - and _, at most 32').default('main'),
  /** Symbols by product; none: the product is not traded. */
  symbols: engineSymbolsSchema.prefault({}),
  /** Where the products are, for `paper` and `live`. `--venue-json` takes their place. */
  spot: addressSchema.default({ rest: 'https://api.binance.com', ws: 'wss://stream.binance.com:9443', wsApi: 'wss://ws-api.binance.com:443/ws-api/v3' }),
  usdm: addressSchema.default({ rest: 'https://fapi.binance.com', ws: 'wss://fstream.binance.com', wsApi: 'wss://ws-fapi.binance.com/ws-fapi/v1' }),
  options: addressSchema.default({ rest: 'https://eapi.binance.com', ws: 'wss://fstream.binance.com' }),
  /** Where they are for `demo`: the venue's demo trading. Options have none. */
  demo: z.strictObject({
    spot: addressSchema.default({ rest: 'https://demo-api.binance.com', ws: 'wss://demo-stream.binance.com', wsApi: 'wss://demo-ws-api.binance.com/ws-api/v3' }),
    usdm: addressSchema.default({ rest: 'https://demo-fapi.binance.com', ws: 'wss://demo-fstream.binance.com', wsApi: 'wss://demo-ws-fapi.binance.com/ws-fapi/v1' }),
  }).prefault({}),
  /** Longest time that the questions before the start may take, ms. */
  bootTimeoutMs: z.int().min(100).max(600_000).default(15_000),
  run: engineRunSchema.prefault({}),
  orders: ordersSchema.prefault({}),
  guard: guardSchema.prefault({}),
  feeds: feedsSchema.prefault({}),
  clock: clockSchema.prefault({}),
  rules: rulesSchema.prefault({}),
  rest: restSchema.prefault({}),
  gateway: gatewaySchema.prefault({}),
  breaker: breakerSchema.prefault({}),
  rateLimits: limitsSchema.prefault({}),
  userStream: userStreamSchema.prefault({}),
  truth: truthSchema.prefault({}),
  risk: riskSchema.prefault({}),
  /** Without these three, mode live refuses to start. */
  limits: liveLimitsSchema.prefault({}),
});
export type EngineParams = z.infer<typeof engineSchema>;
