import { effect, signal } from '@preact/signals';
import { subscribe } from '../api.js';
import { path, pins, source } from '../state.js';
import { opening } from '../time/session.js';
import type { TreeEvent, TreeFigures, TreeUpdate } from '../../wire/tree.js';
import { type Filter, TreeModel } from './model.js';
import { pastTree } from './past.js';

/** Changes of the drawing's own, besides those of the model, reach the DOM no more often than this. */
const DOM_MS = 250;

/** The tree of the selected source: the model, what feeds it, and signals for whoever shows it. */
export class TreeSession {
  readonly model = new TreeModel();
  /** Counts what the outline shows: shapes, what is open, what is found. */
  readonly structure = signal(0);
  /** Counts figures and events, as often as the DOM follows them. */
  readonly figures = signal(0);
  /** The actor that is shown as the root. */
  readonly rootPath = signal('/');
  /** Why there is no tree, or only an old one; '' otherwise. */
  readonly problem = signal('');
  readonly pinned = pins;
  readonly #stops: (() => void)[] = [];
  #source = '';
  #domTimer: ReturnType<typeof setTimeout> | undefined;

  start(): () => void {
    this.#stops.push(effect(() => {
      const id = source.value;
      if (id !== this.#source) this.rootPath.value = '/';
      this.#source = id;
      const root = this.rootPath.value;
      const past = pastTree.value;
      if (past !== null) {
        this.model.forgetEvents();
        this.model.setShape(past.shape, performance.now());
        this.problem.value = '';
        this.#changed();
        return undefined;
      }
      return id.startsWith('process:') ? this.#follow(id, root) : this.#nothing(opening.value === '' ? 'open a moment of this run with the slider below: its tree is shown here' : opening.value);
    }));
    return () => {
      clearTimeout(this.#domTimer);
      for (const stop of this.#stops.splice(0)) stop();
    };
  }

  select(at: string): void {
    this.model.reveal(at);
    path.value = at;
    this.#changed();
  }

  /** Selects the next actor that needs a look; false when all is well. */
  nextProblem(step = 1): boolean {
    const next = this.model.nextProblem(path.value, step);
    if (next !== undefined) this.select(next);
    return next !== undefined;
  }

  nextMatch(): void {
    const next = this.model.nextMatch(path.value);
    if (next !== undefined) this.select(next);
  }

  setFilter(filter: Filter): void {
    this.model.setFilter(filter);
    this.#changed();
  }

  toggle(at: string): void {
    this.setCollapsed(at, !this.model.isCollapsed(this.model.indexOf(at)));
  }

  setCollapsed(at: string, isCollapsed: boolean): void {
    this.model.setCollapsed(at, isCollapsed);
    this.#changed();
  }

  togglePin(at: string): void {
    const pinned = this.pinned.value;
    this.pinned.value = pinned.includes(at) ? pinned.filter((one) => one !== at) : [...pinned, at].slice(-20);
  }

  #follow(id: string, root: string): () => void {
    this.problem.value = 'asking for the tree';
    const params = { source: id, path: root };
    const fail = (problem: string): void => {
      this.problem.value = problem;
    };
    // Values of the two topics may come in either order.
    let early: TreeFigures | null = null;
    let isFirst = true;
    this.model.forgetEvents();
    const stops = [
      subscribe<TreeUpdate>('tree', params, (update) => {
        if (update.kind === 'none') {
          this.problem.value = update.why;
          return;
        }
        this.problem.value = '';
        this.model.setShape(update.shape, performance.now());
        if (early !== null) this.model.setFigures(early, performance.now());
        this.#changed();
      }, fail),
      subscribe<TreeFigures>('tree.figures', params, (figures) => {
        early = this.model.setFigures(figures, performance.now()) ? null : figures;
        this.#changedFigures();
      }, fail),
      subscribe<readonly TreeEvent[]>('tree.events', { source: id }, (events) => {
        // What happened before this page was there is told first, and is no news.
        this.model.addEvents(events, performance.now(), !isFirst);
        isFirst = false;
        this.#changedFigures();
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  #nothing(problem: string): undefined {
    this.problem.value = problem;
    this.model.forgetEvents();
    this.model.setShape({ version: 0, life: 0, atUs: 0, nodes: [], omitted: 0, figures: { version: 0, atUs: 0, values: [], machines: [''] } }, 0);
    this.#changed();
    return undefined;
  }

  #changed(): void {
    // Read without listening: this also runs inside the effect that follows the source.
    this.structure.value = this.structure.peek() + 1;
    this.figures.value = this.figures.peek() + 1;
  }

  #changedFigures(): void {
    if (this.#domTimer !== undefined) return;
    this.#domTimer = setTimeout(() => {
      this.#domTimer = undefined;
      this.figures.value = this.figures.peek() + 1;
    }, DOM_MS);
  }
}
