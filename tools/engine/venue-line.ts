import { z } from 'zod';
import type { VenueProduct } from '../../actors/engine/io.js';
import { addressSchema } from '../../config/engine/index.js';
import type { EngineParams } from '../../config/index.js';
import { CliError } from '../cli/errors.js';
import { readText } from '../cli/read-text.js';
import type { VenueClockLine } from './clock.js';
import type { VenueAccess } from './parts.js';
import { keysFromEnvironment, keysFromVenueLine } from './rest/index.js';

const origins = z.object({ rest: z.url({ protocol: /^https?$/ }), ws: z.url({ protocol: /^wss?$/ }), wsApi: z.url({ protocol: /^wss?$/ }).optional() });
/** What `faultline exchange --json` prints, as far as it matters here. */
const lineSchema = z.object({
  spot: origins, usdm: origins, options: origins,
  clock: z.object({ venueMs: z.number(), wallMs: z.number(), speed: z.number().positive() }),
  ca: z.string().optional(),
});

/** Where the venue is, who we are there, and how its clock goes; null: as the wall's. */
export interface Venue {
  readonly access: VenueAccess;
  readonly clock: VenueClockLine | null;
}

/** Reads the exchange's own line from a file; paper has no keys. @throws CliError `cannotRead` or `badInput`. */
export function readVenueLine(file: string, mode: EngineParams['mode']): Venue {
  const text = readText(file);
  let value: unknown;
  try {
    // A process manager appends: the newest line is the last.
    value = JSON.parse(text.trim().split('\n').at(-1) ?? '');
  } catch {
    throw new CliError('badInput', `${file} is not a line of JSON`, 'faultline exchange --json > FILE');
  }
  const parsed = lineSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    // The path only: a value may be a key.
    throw new CliError('badInput', `${file} is not the line of an exchange: ${issue.path.join('.') || 'it'} is missing or wrong`, 'faultline exchange --json > FILE');
  }
  const { spot, usdm, options, clock, ca } = parsed.data;
  return {
    access: { origins: { spot: plain(spot), usdm: plain(usdm), options: plain(options) }, keys: mode === 'paper' ? null : keysFromVenueLine(value), ca: ca ?? null },
    clock,
  };
}

const plain = ({ rest, ws, wsApi }: z.infer<typeof origins>): VenueAccess['origins']['spot'] => ({ rest, ws, ...(wsApi === undefined ? {} : { wsApi }) });

/** The variable that takes the place of one address of a product. */
export const addressVariable = (product: VenueProduct, face: 'rest' | 'ws' | 'wsApi'): string => `FAULTLINE_BINANCE_${product.toUpperCase()}_${face === 'wsApi' ? 'WS_API' : face.toUpperCase()}`;

/** Addresses with those that the environment names, each by itself. @throws CliError `configuration` for one that is none. */
function named(product: VenueProduct, configured: VenueAccess['origins']['spot'], env: Readonly<Record<string, string | undefined>>): VenueAccess['origins']['spot'] {
  const of = (face: 'rest' | 'ws' | 'wsApi'): string | undefined => {
    const variable = addressVariable(product, face);
    const value = env[variable];
    if (value === undefined || value === '') return configured[face];
    // Not quoted: it may hold a password.
    if (!addressSchema.shape[face].safeParse(value).success) throw new CliError('configuration', `${variable} is no address`, face === 'rest' ? 'an origin, e.g. https://api.binance.com' : 'an address of websockets, e.g. wss://stream.binance.com:9443');
    return value;
  };
  const wsApi = of('wsApi');
  return { rest: of('rest')!, ws: of('ws')!, ...(wsApi === undefined ? {} : { wsApi }) };
}

/** The venue as configuration and environment name it; the environment goes before. */
export function configuredVenue(engine: EngineParams, env: Readonly<Record<string, string | undefined>> = process.env): Venue {
  const { mode, options } = engine;
  const { spot, usdm } = mode === 'demo' ? engine.demo : engine;
  const of = (product: VenueProduct, configured: z.infer<typeof origins>) => named(product, plain(configured), env);
  return { access: { origins: { spot: of('spot', spot), usdm: of('usdm', usdm), options: of('options', options) }, keys: mode === 'paper' ? null : keysFromEnvironment(env, mode), ca: null }, clock: null };
}
