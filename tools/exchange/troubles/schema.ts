import { z } from 'zod';
import { CLIENT_ORDER_ID } from '../../../actors/exchange/ids.js';
import { TROUBLED_PRODUCTS, TRIGGERS } from './classes.js';

const DURATION = /^(\d+(?:\.\d+)?)(us|ms|s|m|h|d)$/;
const UNIT_US: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1e6, m: 60e6, h: 3600e6, d: 86_400e6 };

/** µs of a text such as `30s`; undefined when it is none. */
export function durationUs(text: string): number | undefined {
  const match = DURATION.exec(text);
  return match === null ? undefined : Math.round(Number(match[1]) * UNIT_US[match[2]!]!);
}

const duration = z.string().regex(DURATION, 'expected a duration such as "250ms", "30s", "10m" or "24h"');
const signedDuration = z.string().regex(/^-?\d+(?:\.\d+)?(us|ms|s|m|h|d)$/, 'expected a duration such as "2s" or "-2s"');
const decimal = z.string().regex(/^\d{1,12}(\.\d{1,8})?$/, 'expected a decimal in quotes such as "0.01"');

/** What is done to requests, to messages, to new connections; what lasts as long as its step; what is done once. */
export const REQUEST_ACTS = ['delay-request', 'delay-answer', 'fail', 'cut-answer', 'hang', 'stale-snapshot', 'shallow-snapshot', 'limit-weight', 'ban'] as const;
export const MESSAGE_ACTS = ['delay', 'lose', 'repeat', 'swap', 'cut-frame', 'lose-deletes'] as const;
export const CONNECTION_ACTS = ['refuse', 'half-open'] as const;
export const STATES = ['skew-clock', 'partition', 'maintenance', 'freeze-market'] as const;
export const DEEDS = [
  'disconnect', 'announce-shutdown', 'restart-engine', 'end-listen-keys', 'place-order', 'cancel-orders', 'fill-orders', 'close-position', 'position-mode', 'forget-fills',
  'liquidate', 'deleverage', 'settle',
] as const;
export const ACTS = [...REQUEST_ACTS, ...MESSAGE_ACTS, ...CONNECTION_ACTS, ...STATES, ...DEEDS] as const;
export type Act = (typeof ACTS)[number];

export const ON = ['request', 'order', 'algo-order', 'cancel', 'amend', 'query', 'snapshot', 'listen-key', 'message', 'market', 'depth', 'trade', 'user', 'order-event', 'fill', 'answer', 'connect'] as const;
export type Target = (typeof ON)[number];

const stepSchema = z.strictObject({
  do: z.enum(ACTS),
  at: duration.optional(),
  when: z.enum(TRIGGERS).optional(),
  after: duration.optional(),
  every: duration.optional(),
  for: duration.optional(),
  on: z.enum(ON).optional(),
  skip: z.int().min(0).max(1e9).optional(),
  times: z.int().min(1).max(1e9).optional(),
  chance: z.number().min(0).max(1).optional(),
  product: z.enum(TROUBLED_PRODUCTS).optional(),
  symbol: z.string().min(1).max(64).optional(),
  account: z.string().min(1).max(64).optional(),
  /** Part of the name of a request, of a stream, of an event's type, of a connection's path. */
  name: z.string().min(1).max(100).optional(),
  /** Value of the request's parameter `type` begins so. */
  type: z.string().min(1).max(40).optional(),
  by: signedDuration.optional(),
  jitter: duration.optional(),
  growth: duration.optional(),
  code: z.int().min(-10_000).max(-1).optional(),
  message: z.string().min(1).max(500).optional(),
  status: z.int().min(400).max(599).optional(),
  page: z.string().max(10_000).optional(),
  effect: z.boolean().optional(),
  middle: z.boolean().optional(),
  copies: z.int().min(2).max(100).optional(),
  levels: z.int().min(1).max(5000).optional(),
  weight: z.int().min(0).max(1e6).optional(),
  sockets: z.enum(['all', 'market', 'user', 'api']).optional(),
  close: z.boolean().optional(),
  heal: z.boolean().optional(),
  silent: z.boolean().optional(),
  halt: z.boolean().optional(),
  hedge: z.boolean().optional(),
  side: z.enum(['BUY', 'SELL']).optional(),
  quantity: decimal.optional(),
  price: decimal.optional(),
  bps: z.int().min(-9000).max(9000).optional(),
  positionSide: z.enum(['LONG', 'SHORT']).optional(),
  clientId: z.string().regex(CLIENT_ORDER_ID, 'expected a client order id, or "same"').optional(),
});
export type WrittenStep = z.output<typeof stepSchema>;

/** What a script of troubles may say. */
export const scriptSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'expected small letters, digits and -').optional(),
  summary: z.string().max(500).default(''),
  lasts: duration.optional(),
  step: z.array(stepSchema).max(1000).default([]),
});
