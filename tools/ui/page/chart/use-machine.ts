import { useEffect, useState } from 'preact/hooks';
import type { ChartGeometry, MachineNews } from '../../wire/chart.js';
import type { Instant } from '../../wire/instant.js';
import { get, subscribe } from '../api.js';

/** What the page has of one actor. */
export interface Machine {
  /** null: not told yet. */
  readonly news: MachineNews | null;
  /** null: it has no chart, or the chart is not drawn yet. */
  readonly geometry: ChartGeometry | null;
  /** Why there is no drawing; null when nothing is wrong. */
  readonly problem: string | null;
}

/** Drawings by digest, of all actors that were looked at. */
const drawn = new Map<string, ChartGeometry>();
const MOST_DRAWN = 16;

/** An actor as a state machine: as it is now, or as it was at an instant of a run. */
export function useMachine(source: string, path: string, instant: Instant | null): Machine {
  const [news, setNews] = useState<MachineNews | null>(null);
  const [geometry, setGeometry] = useState<ChartGeometry | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    setNews(null);
    setProblem(null);
    if (source === '' || path === '') return undefined;
    if (instant === null) {
      if (!source.startsWith('process:')) {
        setProblem('A run that is over stands still: choose a moment with the slider below.');
        return undefined;
      }
      return subscribe<MachineNews>('machine', { source, path }, setNews, setProblem);
    }
    const abort = new AbortController();
    get<MachineNews>('chart/past', { source, path, at: instant.key }, abort.signal).then(setNews, (error: unknown) => {
      if (!abort.signal.aborted) setProblem((error as Error).message);
    });
    return () => abort.abort();
  }, [source, path, instant?.key]);

  const digest = news?.kind === 'view' ? news.view.digest : null;
  useEffect(() => {
    if (digest === null) return undefined;
    const known = drawn.get(digest);
    setGeometry(known ?? null);
    if (known !== undefined) return undefined;
    const abort = new AbortController();
    get<ChartGeometry>('chart', { digest }, abort.signal).then((one) => {
      drawn.set(digest, one);
      for (const oldest of [...drawn.keys()].slice(0, Math.max(0, drawn.size - MOST_DRAWN))) drawn.delete(oldest);
      if (!abort.signal.aborted) setGeometry(one);
    }, (error: unknown) => {
      if (!abort.signal.aborted) setProblem((error as Error).message);
    });
    return () => abort.abort();
  }, [digest]);

  return { news, geometry: geometry?.digest === digest ? geometry : null, problem };
}
