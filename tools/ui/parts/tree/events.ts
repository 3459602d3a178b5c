import type { ControlClient } from '../../../../runtime/control/index.js';
import type { Sources } from '../../sources/index.js';
import type { NodeState, TreeEvent } from '../../wire/tree.js';
import { exitOf, isTable } from './shape.js';

/** Events that who comes later is told first. */
const KEPT = 200;

type Body<T> = T extends unknown ? Omit<T, 'seq' | 'life' | 'atUs'> : never;

/** What happens in one process: starts, failures with their cause, changes of state. One subscription, whoever listens. */
export class ProcessEvents {
  readonly #listeners = new Set<(events: readonly TreeEvent[]) => void>();
  readonly #kept: TreeEvent[] = [];
  readonly #stop: () => void;
  #seq = 0;
  #life = 0;

  constructor(sources: Sources, id: string) {
    this.#stop = sources.follow(id, (client, life) => this.#begin(client, life));
  }

  /** First the latest events, also when there are none, so that what comes after is known to be news. */
  listen(listener: (events: readonly TreeEvent[]) => void): () => void {
    listener([...this.#kept]);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  changed(path: string, from: NodeState, to: NodeState, atUs: number): void {
    this.#tell([this.#event(atUs, { kind: 'state', path, from, to })]);
  }

  /** These are in the tree no more. Of what failed its report has said so. */
  ended(paths: readonly string[], atUs: number): void {
    const last = new Map(this.#kept.map(({ path, kind }) => [path, kind]));
    this.#tell(paths.filter((path) => !['failed', 'ended'].includes(last.get(path) ?? '')).map((path) => this.#event(atUs, { kind: 'ended', path })));
  }

  close(): void {
    this.#stop();
    this.#listeners.clear();
  }

  #begin(client: ControlClient, life: number): () => void {
    if (this.#life !== 0 && life !== this.#life) {
      this.#life = life;
      this.#tell([this.#event(Date.now() * 1000, { kind: 'life', path: '/', note: `another process, pid ${client.process.pid}, has the name` })]);
    }
    this.#life = life;
    let over = false;
    void this.#read(client, () => over);
    return () => {
      over = true;
    };
  }

  async #read(client: ControlClient, over: () => boolean): Promise<void> {
    try {
      const batches = await client.subscribeReports();
      if (over()) {
        await batches.close();
        return;
      }
      for await (const { events } of batches) {
        if (over()) break;
        this.#tell(events.map((report) => this.#fromReport(report)).filter((event) => event !== null));
      }
    } catch {
      // The connection has ended, or the process has no reports: its tree is shown all the same.
    }
  }

  #fromReport(report: Readonly<Record<string, unknown>>): TreeEvent | null {
    const child = report['kind'] === 'failure' ? report['offender'] : report['started'];
    if (!isTable(child) || typeof child['path'] !== 'string') return null;
    const path = child['path'].slice(0, 1024);
    const incarnation = typeof child['incarnation'] === 'number' ? child['incarnation'] : 0;
    const supervisor = textIn(report['supervisor'], 1024);
    const atUs = typeof report['atUs'] === 'number' ? report['atUs'] : 0;
    if (report['kind'] !== 'failure') return this.#event(atUs, { kind: 'started', path, incarnation, supervisor });
    return this.#event(atUs, { kind: 'failed', path, incarnation, supervisor, context: textIn(report['context'], 100), reason: exitOf(report['reason']) });
  }

  #event(atUs: number, body: Body<TreeEvent>): TreeEvent {
    return { seq: ++this.#seq, life: this.#life, atUs, ...body } as TreeEvent;
  }

  #tell(events: readonly TreeEvent[]): void {
    if (events.length === 0) return;
    this.#kept.push(...events.slice(-KEPT));
    this.#kept.splice(0, this.#kept.length - KEPT);
    for (const listener of this.#listeners) listener(events);
  }
}

const textIn = (value: unknown, most: number): string => (typeof value === 'string' ? value.slice(0, most) : '');
