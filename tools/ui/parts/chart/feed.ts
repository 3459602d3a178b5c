import type { ChartModel } from '../../../../runtime/index.js';
import type { ControlClient } from '../../../../runtime/control/index.js';
import type { Sources } from '../../sources/index.js';
import type { MachineEvent, MachineNews, MachineView } from '../../wire/chart.js';
import type { Geometries } from './geometries.js';
import { isChart } from './model.js';
import { viewOf } from './view.js';

const EVERY_MS = 250;
const MOST_EVENTS = 64;

/** One actor of a process, asked four times a second while anybody listens. */
export class MachineFeed {
  readonly #listeners = new Set<(news: MachineNews) => void>();
  readonly #path: string;
  readonly #geometries: Geometries;
  readonly #unfollow: () => void;
  #last: MachineNews | null = null;
  #lastText = '';
  #events: readonly MachineEvent[] = [];
  #sinceUs = 0;
  #known: string | null = null;
  #closed = false;

  /** @throws SourceError when the source is not known */
  constructor(sources: Sources, source: string, path: string, geometries: Geometries) {
    this.#path = path;
    this.#geometries = geometries;
    this.#unfollow = sources.follow(source, (client) => this.#watch(client));
    if (this.#last === null) this.#tell({ kind: 'gone', reason: 'the process does not answer at the moment' });
  }

  listen(listener: (news: MachineNews) => void): () => void {
    this.#listeners.add(listener);
    if (this.#last !== null) listener(this.#last);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#unfollow();
  }

  #watch(client: ControlClient): () => void {
    let over = false;
    let timer: NodeJS.Timeout | undefined;
    // Another life of the process: what was known of the one before is of no use.
    this.#known = null;
    this.#events = [];
    const ask = async (): Promise<void> => {
      try {
        const view = await this.#ask(client);
        if (!over) this.#tell({ kind: 'view', view });
      } catch (error) {
        if (!over) this.#tell({ kind: 'gone', reason: (error as Error).message });
      }
      if (!over && !this.#closed) timer = setTimeout(() => void ask(), EVERY_MS).unref();
    };
    void ask();
    return () => {
      over = true;
      clearTimeout(timer);
      this.#tell({ kind: 'gone', reason: 'the connection to the process has ended' });
    };
  }

  async #ask(client: ControlClient): Promise<MachineView> {
    const after = this.#events.at(-1)?.seq ?? -1;
    const answer = await client.call('machine', { path: this.#path, after, ...(this.#known === null ? {} : { known: this.#known }) });
    const { chart, digest } = answer as { readonly chart: unknown; readonly digest: string | null };
    if (digest !== null && isChart(chart)) {
      this.#geometries.learn(digest, chart as ChartModel);
      this.#known = digest;
    }
    const view = viewOf(answer);
    // Another probe counts anew: the numbers of the one before mean nothing in it.
    if (view.sinceUs !== this.#sinceUs) {
      const fresh = this.#sinceUs === 0 || after === -1;
      this.#sinceUs = view.sinceUs;
      this.#events = [];
      if (!fresh) return this.#ask(client);
    }
    this.#events = [...this.#events, ...view.events].slice(-MOST_EVENTS);
    return { ...view, events: this.#events };
  }

  #tell(news: MachineNews): void {
    if (this.#closed) return;
    // The clock goes on where nothing else does.
    const text = JSON.stringify(news.kind === 'view' ? { ...news.view, atUs: 0 } : news);
    if (text === this.#lastText) return;
    this.#lastText = text;
    this.#last = news;
    for (const listener of this.#listeners) listener(news);
  }
}
