import { ControlError } from '../../../../runtime/control/errors.js';
import type { ControlClient } from '../../../../runtime/control/index.js';
import type { Sources } from '../../sources/index.js';
import type { SourceInfo } from '../../wire/sources.js';
import { FIGURES_EACH, NODE_STATES, type TreeFigures, type TreeShape, type TreeUpdate } from '../../wire/tree.js';
import type { ProcessEvents } from './events.js';
import { treeFigures, treeShape } from './shape.js';

/** Most that the control socket tells at once. */
const MOST_NODES = 5_000;
/** An answer that is too large for the socket is asked for again with fewer nodes, down to this. */
const FEWEST_NODES = 50;
const FIGURES_MS = 250;
/** A shape costs the process fifty times what figures cost. */
const SHAPE_MS = 1_000;
const AGAIN_MS = 1_000;
/** Ends of actors that one look tells. */
const MOST_ENDED = 50;

/** Why there is no tree of a process that nobody has asked yet. */
function whyNone(info: SourceInfo | undefined): string {
  if (info?.kind !== 'process' || info.state !== 'gone') return 'it has not answered yet';
  return `it is gone, and its tree was not looked at while it ran${info.run === null ? '' : '; its run has it, at any moment: travel in time'}`;
}

export interface TreeListener {
  readonly shape?: (update: TreeUpdate) => void;
  readonly figures?: (figures: TreeFigures) => void;
}

/**
 * One tree of a process, asked for while anybody listens and no more often whoever does: its shape when it changes, its figures four
 * times a second. What the process cannot do, or does not answer, makes it slower, never wrong.
 */
export class TreeFeed {
  readonly #path: string;
  readonly #events: ProcessEvents;
  readonly #listeners = new Set<TreeListener>();
  readonly #stop: () => void;
  readonly #stopEvents: () => void;
  readonly #closed: () => void;
  #version = 0;
  #shape: TreeShape | null = null;
  #figures: TreeFigures | null = null;
  #told: TreeUpdate;
  #stale = true;

  /** @param closed called when it is closed */
  constructor(sources: Sources, id: string, path: string, events: ProcessEvents, closed: () => void) {
    this.#closed = closed;
    this.#told = { kind: 'none', why: whyNone(sources.info(id)) };
    this.#path = path;
    this.#events = events;
    // A report says that an exit, a budget or a child is another one now.
    this.#stopEvents = events.listen(() => {
      this.#stale = true;
    });
    this.#stop = sources.follow(id, (client, life) => {
      const over = new AbortController();
      void this.#watch(client, life, over.signal);
      return () => {
        over.abort();
        this.#tell({ kind: 'none', why: sources.info(id)?.note ?? 'the connection has ended' });
      };
    });
  }

  listen(listener: TreeListener): () => void {
    this.#listeners.add(listener);
    listener.shape?.(this.#told);
    if (this.#figures !== null && this.#told.kind === 'shape') listener.figures?.(this.#figures);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#stop();
    this.#stopEvents();
    this.#listeners.clear();
    this.#closed();
  }

  async #watch(client: ControlClient, life: number, signal: AbortSignal): Promise<void> {
    let nodes = MOST_NODES;
    let hasFigures = true;
    let shapeAtMs = -Infinity;
    this.#stale = true;
    this.#shape = null;
    while (!signal.aborted) {
      const now = performance.now();
      try {
        if (this.#shape === null || (now - shapeAtMs >= SHAPE_MS && (this.#stale || !hasFigures))) {
          this.#stale = false;
          shapeAtMs = now;
          this.#takeShape(await client.call('tree', { path: this.#path, nodes }), life, signal);
        } else if (hasFigures) {
          const figures = treeFigures(this.#shape, await client.call('figures', { path: this.#path, nodes }));
          if (figures === null) this.#stale = true;
          else if (!signal.aborted) this.#takeFigures(figures);
        }
        await pause(FIGURES_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        const { name } = (error instanceof ControlError ? error.rpc : undefined) ?? {};
        if (name === 'methodNotFound') hasFigures = false;
        else if ((name === 'limit' || name === 'slowReader') && nodes > FEWEST_NODES) nodes = Math.max(FEWEST_NODES, nodes >> 1);
        else {
          // What is no ControlError is an answer that cannot be read, such as one too deep to be parsed.
          if (name === 'notFound' || name === 'notRunning' || !(error instanceof ControlError) || error.code === 'protocol') {
            this.#shape = null;
            this.#tell({ kind: 'none', why: error instanceof ControlError ? error.message : 'what it answers cannot be read' });
          }
          await pause(AGAIN_MS, signal);
        }
      }
    }
  }

  #takeShape({ atUs, traced, tree }: { readonly atUs: number; readonly traced?: number | undefined; readonly tree: Parameters<typeof treeShape>[0] }, life: number, signal: AbortSignal): void {
    if (signal.aborted) return;
    const before = this.#shape;
    const shape = treeShape(tree, { version: ++this.#version, life, atUs, traced });
    if (before !== null && this.#told.kind === 'shape' && sameNodes(before, shape)) {
      // Only figures changed: pages need not lay out anything again.
      this.#version -= 1;
      this.#takeFigures({ ...shape.figures, version: before.version });
      return;
    }
    if (before !== null && before.life === life && before.omitted === 0 && shape.omitted === 0) {
      const left = new Set(shape.nodes.map(({ path }) => path));
      this.#events.ended(before.nodes.filter(({ path }) => !left.has(path)).slice(0, MOST_ENDED).map(({ path }) => path), atUs);
    }
    this.#shape = shape;
    this.#figures = shape.figures;
    this.#tell({ kind: 'shape', shape });
  }

  #takeFigures(figures: TreeFigures): void {
    const before = this.#figures;
    this.#figures = figures;
    if (before !== null && before.version === figures.version) this.#compare(before.values, figures);
    for (const { figures: hear } of this.#listeners) hear?.(figures);
  }

  /** A restart without a report, or a state that is another one now. */
  #compare(before: readonly number[], { values, atUs }: TreeFigures): void {
    const { nodes } = this.#shape!;
    for (let at = 0, from = 0; at < nodes.length; at++, from += FIGURES_EACH) {
      if (before[from + 2] !== values[from + 2] || before[from + 1] !== values[from + 1]) this.#stale = true;
      if (before[from] === values[from]) continue;
      this.#stale = true;
      this.#events.changed(nodes[at]!.path, NODE_STATES[before[from]!] ?? 'unknown', NODE_STATES[values[from]!] ?? 'unknown', atUs);
    }
  }

  #tell(update: TreeUpdate): void {
    this.#told = update;
    for (const { shape: hear } of this.#listeners) hear?.(update);
  }
}

function sameNodes(a: TreeShape, b: TreeShape): boolean {
  return a.life === b.life && a.nodes.length === b.nodes.length && JSON.stringify(a.nodes) === JSON.stringify(b.nodes);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
