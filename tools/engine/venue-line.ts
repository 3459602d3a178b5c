import { z } from 'zod';
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

/** The venue as configuration and environment name it. */
export function configuredVenue(engine: EngineParams, env: Readonly<Record<string, string | undefined>> = process.env): Venue {
  const { mode, options } = engine;
  const { spot, usdm } = mode === 'demo' ? engine.demo : engine;
  return { access: { origins: { spot: plain(spot), usdm: plain(usdm), options: plain(options) }, keys: mode === 'paper' ? null : keysFromEnvironment(env, mode), ca: null }, clock: null };
}
