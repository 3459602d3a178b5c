import { z } from 'zod';
import { MarketThreadError, MarketThreads } from '../../market-view/market-threads.js';
import type { MarketTarget } from '../../market-view/market-source.js';
import { UiError, type UiPart } from '../server/host.js';
import { SourceError, type Sources } from '../sources/index.js';
import { INDICATORS, LAYERS, type IndicatorName, type MarketLayer, type MarketTail } from '../wire/market.js';

/** The live edge is looked at four times a second, and less often where nothing moves. */
const TAIL_MS = 250;
const LONGEST_TAIL_MS = 2000;
const MOST_WIDTH = 8192;
/** The year 2255: what doubles can say in µs. */
const MOST_US = 9e15;

const names: readonly string[] = INDICATORS.map(({ name }) => name);
const layers: readonly string[] = LAYERS;
const listOf = <T extends string>(known: readonly string[]) => z.string().max(2000).default('').transform((text) => text.split(',').filter((one): one is T => known.includes(one)));

const sourceQuery = z.strictObject({ source: z.string().min(1).max(300) });
const symbolQuery = z.strictObject({ source: z.string().min(1).max(300), symbol: z.string().min(1).max(300) });
const viewQuery = z.strictObject({
  ...symbolQuery.shape,
  fromUs: z.coerce.number().min(-MOST_US).max(MOST_US),
  toUs: z.coerce.number().min(-MOST_US).max(MOST_US),
  widthPx: z.coerce.number().int().min(1).max(MOST_WIDTH),
  intervalSeconds: z.coerce.number().int().min(0).max(86_400).default(0),
  layers: listOf<MarketLayer>(layers),
  indicators: listOf<IndicatorName>(names),
});

/** The tape or the run folder behind a source. @throws UiError. */
export function targetOf(sources: Sources, source: string): MarketTarget {
  try {
    return findTarget(sources, source);
  } catch (error) {
    if (error instanceof SourceError) throw new UiError(error.status, error.message);
    throw error;
  }
}

function findTarget(sources: Sources, source: string): MarketTarget {
  if (source.startsWith('tape:')) return { kind: 'tape', path: sources.tape(source) };
  if (source.startsWith('run:')) return { kind: 'run', path: sources.run(source) };
  const info = sources.info(source);
  if (info === undefined) throw new UiError(404, `there is no source '${source.slice(0, 80)}' any more: choose another one`);
  if (info.kind === 'process' && info.run !== null) return { kind: 'run', path: sources.run(info.run) };
  throw new UiError(404, `${info.name} writes no run, so nobody knows its market: look at an engine, a run, or a tape (faultline ui --tape FILE)`);
}

const STATUS = { refused: 404, failed: 422, busy: 503, cancelled: 503 } as const;

async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof MarketThreadError) throw new UiError(STATUS[error.how], error.message);
    throw error;
  }
}

const isTail = (value: unknown): value is MarketTail => !(value instanceof Error);

/** The market of a source: what there is, a span of it at so many pixels, and its live edge. */
export const marketPart: UiPart = (host) => {
  const threads = new MarketThreads();
  host.onClose(() => threads.close());
  host.query('market/symbols', sourceQuery, ({ source }, signal) => told(threads.symbols(targetOf(host.sources, source), source, signal)));
  host.query('market/range', symbolQuery, ({ source, symbol }, signal) => told(threads.tail(targetOf(host.sources, source), source, symbol, signal)));
  host.query('market/view', viewQuery, ({ source, ...query }, signal) => told(threads.view(targetOf(host.sources, source), source, query, signal)));
  host.topic('market.tail', symbolQuery, 'latest', async ({ source, symbol }, push) => {
    const target = targetOf(host.sources, source);
    let stopped = false;
    let timer: NodeJS.Timeout | undefined;
    let last = '';
    let waitMs = TAIL_MS;
    // Without its thread it tells nothing more: asking on would read it anew, and take the thread of another that somebody looks at.
    let seen: MarketTail | undefined;
    const release = threads.hold(target, (why) => {
      if (stopped) return;
      stopped = true;
      clearTimeout(timer);
      if (seen !== undefined) push({ ...seen, progress: { ...seen.progress, state: 'stopped', growing: false, notes: [`${why}: choose it again`, ...seen.progress.notes] } });
    });
    const look = async (): Promise<void> => {
      const tail = await threads.tail(target, source, symbol).catch((error: unknown) => error);
      if (stopped) return;
      if (!isTail(tail)) {
        // Too many questions at the moment.
        timer = setTimeout(() => void look(), LONGEST_TAIL_MS);
        return;
      }
      seen = tail;
      const text = JSON.stringify(tail);
      waitMs = text === last ? Math.min(LONGEST_TAIL_MS, waitMs * 2) : TAIL_MS;
      if (text !== last) push(tail);
      last = text;
      // What is whole says nothing new.
      if (tail.progress.state !== 'whole' && tail.progress.state !== 'stopped') timer = setTimeout(() => void look(), waitMs);
    };
    try {
      seen = await told(threads.tail(target, source, symbol));
    } catch (error) {
      release();
      throw error;
    }
    push(seen);
    void look();
    return () => {
      stopped = true;
      release();
      clearTimeout(timer);
    };
  });
};
