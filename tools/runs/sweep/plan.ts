import { readFileSync } from 'node:fs';
import { parse, stringify } from 'smol-toml';

/** What happens to one recorded run. */
export interface TrialPlan {
  readonly seed: number;
  readonly mode: 'paper' | 'demo';
  readonly scenario: 'calm' | 'volatile' | 'flash-crash';
  readonly symbols: readonly string[];
  /** Where books and indicators are kept: on the main loop, in two threads, or in two threads that have the market's sockets. */
  readonly placement: (typeof PLACEMENTS)[number];
  /** Names of scripts in config/troubles/, and seconds of the venue's clock at which each begins. */
  readonly troubles: readonly { readonly name: string; readonly atSeconds: number }[];
  readonly end: 'SIGKILL' | 'SIGINT';
  /** Seconds of the venue's clock that it is to last. */
  readonly marketSeconds: number;
}

/** Troubles that reach market data, its questions or its clock; those of orders reach an engine in mode demo. */
const MARKET_TROUBLES = [
  'answers-cut', 'ban', 'both-sockets-drop', 'clock-skew', 'cut-frames', 'day-is-over', 'half-open', 'latency-grows', 'maintenance', 'partition', 'rate-limit-then-ban',
  'repeated-and-swapped', 'server-shutdown', 'slow-line', 'snapshot-old', 'snapshot-shallow', 'snapshot-slow',
] as const;
const ORDER_TROUBLES = [
  'ack-after-fill', 'cancel-timeout-filled', 'engine-restart', 'fill-twice', 'fills-in-disconnect', 'fills-lost', 'listen-key-dies', 'listen-key-expires', 'manual-order',
  'order-bad-gateway', 'order-timeout-accepted', 'order-timeout-lost', 'silent-user-stream', 'stop-refused', 'user-stream-flap',
] as const;

const PLACEMENTS = ['inline', 'ring', 'socket'] as const;
const SCENARIOS = ['calm', 'volatile', 'flash-crash'] as const;
const TROUBLES_A_RUN = 3;

/** Numbers from 0 to 1, the same for a seed. */
function random(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The plan of a run, drawn by its seed. */
export function planTrial(seed: number, mode: TrialPlan['mode'], marketSeconds: number): TrialPlan {
  const draw = random(seed);
  const pool: string[] = [...MARKET_TROUBLES, ...mode === 'demo' ? ORDER_TROUBLES : []];
  const troubles = Array.from({ length: TROUBLES_A_RUN }, (_, k) => {
    const [name] = pool.splice(Math.floor(draw() * pool.length), 1);
    return { name: name!, atSeconds: Math.round(((k + 0.5 + draw() * 0.5) * marketSeconds) / (TROUBLES_A_RUN + 1)) };
  });
  return {
    seed, mode, scenario: SCENARIOS[Math.floor(draw() * SCENARIOS.length)]!, symbols: draw() < 0.5 ? ['BTCUSDT'] : ['BTCUSDT', 'ETHUSDT'],
    troubles, end: draw() < 0.5 ? 'SIGKILL' : 'SIGINT', placement: PLACEMENTS[Math.floor(draw() * PLACEMENTS.length)]!, marketSeconds,
  };
}

interface Script {
  readonly step: readonly ({ readonly at?: string } & Record<string, unknown>)[];
}

/** The scripts of a plan as one, each step moved to when its script begins. `folder`: config/troubles. */
export function scriptOf({ troubles }: TrialPlan, folder: string): string {
  const step = troubles.flatMap(({ name, atSeconds }) => {
    const script = parse(readFileSync(`${folder}/${name}.toml`, 'utf8')) as unknown as Script;
    return script.step.map((own) => ({ ...own, at: `${(atSeconds + seconds(own.at ?? '0s')).toFixed(3)}s` }));
  });
  return stringify({ summary: troubles.map(({ name }) => name).join(', '), step });
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

function seconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  if (match === null) throw new Error(`a step at '${text}'`);
  return Number(match[1]) * UNIT_SECONDS[match[2]!]!;
}

/** The configuration of a run: a strategy that trades at once, tapes that change, and little waiting to be flushed. */
export function configOf({ symbols, placement }: TrialPlan): string {
  return stringify({
    lanes: { placement, count: 2 },
    trading: { strategy: 'eager', eager: { holdMs: 3000, pauseMs: 1500 } },
    engine: { symbols: { spot: [], usdm: [...symbols], options: [] }, run: { tapeRecords: 3_000, flushEveryMs: 100 } },
  });
}
