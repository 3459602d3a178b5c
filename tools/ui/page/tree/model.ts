import { FIGURES_EACH, NODE_STATES, type NodeState, type TreeEvent, type TreeFigures, type TreeNode, type TreeShape } from '../../wire/tree.js';
import { childrenOf, layOut, type Layout, Slots } from './layout.js';

/** Columns of a figure. */
const STATE = 0;
const INCARNATION = 1;
const RESTARTS = 2;
const MAILBOX = 3;
const HANDLED = 4;
const TIMERS = 5;
const MACHINE = 6;

/** A mailbox is drawn in so many steps: what changes less is not drawn again. */
export const FILL_STEPS = 24;
/** From here on a mailbox is a problem. */
const FULL_SHARE = 0.8;
/** A restart is marked for so long. */
export const RECENT_MS = 10_000;
export const PULSE_MS = 2_500;
/** A machine that has another state now is marked for so long. */
export const TURN_MS = 1_500;
/** What has left the tree fades for so long. */
export const GHOST_MS = 1_500;
const MOST_GHOSTS = 64;
const MOST_PULSES = 48;
const MOST_EVENTS = 400;
/** Without figures for so long nobody knows what it does: nothing moves any more. */
const SILENT_MS = 2_000;
/** Weight of the newest rate. */
const SMOOTH = 0.6;

export interface Pulse {
  readonly path: string;
  readonly text: string;
  readonly isBad: boolean;
  readonly startedMs: number;
}

/** An actor that has left the tree, where it stood. */
export interface Ghost {
  readonly x: number;
  readonly y: number;
  readonly name: string;
  readonly startedMs: number;
}

/** The last change of a machine's state that was seen. */
export interface Turn {
  readonly from: string;
  readonly to: string;
  /** When it was seen, on the clock of the process, and on that of the page. */
  readonly atUs: number;
  readonly startedMs: number;
}

export interface Filter {
  readonly text: string;
  /** '' for any. */
  readonly state: string;
  /** '' for any; `problem` for whatever has one. */
  readonly kind: string;
}

export const NO_FILTER: Filter = { text: '', state: '', kind: '' };

/** A line of the outline. */
export interface Row {
  readonly at: number;
  readonly depth: number;
  readonly hasChildren: boolean;
  readonly isOpen: boolean;
  readonly position: number;
  readonly siblings: number;
}

const EMPTY: TreeShape = { version: 0, life: 0, atUs: 0, nodes: [], omitted: 0, figures: { version: 0, atUs: 0, values: [], machines: [''] } };

/**
 * What the tree's views draw: the latest shape and figures, rates, problems, what is collapsed, found and pinned. Nothing in it knows a
 * browser. `structure` counts whatever moves nodes, `paint` whatever changes how they look.
 */
export class TreeModel {
  shape: TreeShape = EMPTY;
  layout: Layout = layOut({ count: 0, parents: [], pathOf: () => '', isCollapsed: () => false }, new Slots());
  children: readonly (readonly number[])[] = [];
  structure = 0;
  paint = 0;
  /** Counts what is looked for and found. */
  finds = 0;
  /** Messages a second that each node handles. */
  rates = new Float32Array(0);
  readonly pulses: Pulse[] = [];
  readonly ghosts: Ghost[] = [];
  readonly events: TreeEvent[] = [];
  /** Nodes that look different since the last `takeDirty`. */
  #dirty = new Int32Array(0);
  #dirtyCount = 0;
  #keys = new Int32Array(0);
  #values: ArrayLike<number> = [];
  #machines: readonly string[] = [''];
  /** What is drawn of each node's machine. */
  #machineKeys: string[] = [];
  readonly #turns = new Map<string, Turn>();
  /** Of those, the ones that are marked. */
  readonly #marked = new Set<string>();
  #figuresAtMs = 0;
  #byPath = new Map<string, number>();
  readonly #slots = new Slots();
  readonly #collapsed = new Set<string>();
  readonly #recent = new Map<string, number>();
  #filter: Filter = NO_FILTER;
  #matches: Uint8Array | null = null;
  #matchCount = 0;

  setShape(shape: TreeShape, nowMs: number): void {
    const before = this.shape;
    const rateOf = new Map<string, number>();
    for (const [at, { path }] of before.nodes.entries()) if (this.rates[at]! > 0) rateOf.set(path, this.rates[at]!);
    const machineOf = new Map<string, string>();
    for (const [at, { path }] of before.nodes.entries()) if (this.machineOf(at) !== '') machineOf.set(path, this.machineOf(at));
    const isAnother = before.life !== shape.life;
    this.shape = shape;
    this.#byPath = new Map(shape.nodes.map(({ path }, at) => [path, at]));
    if (isAnother || shape.life === 0) this.ghosts.length = 0;
    else for (const [at, { path, id }] of before.nodes.entries()) if (!this.#byPath.has(path) && this.layout.shown[at] === 1) this.ghosts.push({ x: this.layout.x[at]!, y: this.layout.y[at]!, name: id, startedMs: nowMs });
    this.ghosts.splice(0, this.ghosts.length - MOST_GHOSTS);
    const count = shape.nodes.length;
    this.rates = new Float32Array(count);
    if (!isAnother) for (const [at, { path }] of shape.nodes.entries()) this.rates[at] = rateOf.get(path) ?? 0;
    this.#keys = new Int32Array(count);
    this.#dirty = new Int32Array(count);
    this.#values = shape.figures.values;
    this.#machines = shape.figures.machines;
    this.#machineKeys = new Array<string>(count).fill('');
    this.#figuresAtMs = nowMs;
    for (const path of this.#turns.keys()) if (isAnother || !this.#byPath.has(path)) {
      this.#turns.delete(path);
      this.#marked.delete(path);
    }
    // Life 0: a moment that is over. Between two of those nothing turns.
    if (!isAnother && shape.life !== 0) for (const [at, { path }] of shape.nodes.entries()) this.#turn(at, machineOf.get(path) ?? '', shape.figures.atUs, nowMs);
    this.children = childrenOf({ count, parents: shape.nodes.map(({ parent }) => parent) });
    this.#match();
    this.#layOut();
  }

  /** False when the figures are of another shape. */
  setFigures({ version, values, machines, atUs }: TreeFigures, nowMs: number): boolean {
    if (version !== this.shape.version || values.length !== this.shape.nodes.length * FIGURES_EACH) return false;
    const before = this.#values;
    const machinesBefore = this.#machines;
    const seconds = Math.max(0.05, (nowMs - this.#figuresAtMs) / 1000);
    this.#values = values;
    this.#machines = machines;
    this.#figuresAtMs = nowMs;
    for (let at = 0, from = 0; at < this.rates.length; at++, from += FIGURES_EACH) {
      const handled = values[from + HANDLED]! - before[from + HANDLED]!;
      const rate = handled <= 0 ? 0 : handled / seconds;
      const smooth = this.rates[at]! * (1 - SMOOTH) + rate * SMOOTH;
      this.rates[at] = smooth < 0.05 ? 0 : smooth;
      this.#turn(at, machinesBefore[before[from + MACHINE]!] ?? '', atUs, nowMs);
    }
    this.#mark();
    return true;
  }

  /** @param isNew they happen now; otherwise they did before anybody looked */
  addEvents(events: readonly TreeEvent[], nowMs: number, isNew = true): void {
    if (isNew) this.#takeExits(events);
    for (const event of events) {
      // A topic that begins again tells what is known already; another server counts from 1 again.
      if (this.events.some(({ seq, atUs, path }) => seq === event.seq && atUs === event.atUs && path === event.path)) continue;
      this.events.push(event);
      if (!isNew || event.kind === 'state' || event.kind === 'ended' || event.kind === 'life' || (event.kind === 'started' && event.incarnation <= 1)) continue;
      this.#recent.set(event.path, nowMs);
      this.pulses.push({ path: event.path, text: pulseText(event), isBad: event.kind === 'failed', startedMs: nowMs });
    }
    this.events.splice(0, this.events.length - MOST_EVENTS);
    this.pulses.splice(0, this.pulses.length - MOST_PULSES);
    this.#mark();
  }

  /** Forgets pulses, marks and rates that are over. */
  tick(nowMs: number): void {
    if (nowMs - this.#figuresAtMs > SILENT_MS) this.rates.fill(0);
    while (this.pulses.length > 0 && nowMs - this.pulses[0]!.startedMs > PULSE_MS) this.pulses.shift();
    while (this.ghosts.length > 0 && nowMs - this.ghosts[0]!.startedMs > GHOST_MS) this.ghosts.shift();
    let over = false;
    for (const [path, sinceMs] of this.#recent) {
      if (nowMs - sinceMs <= RECENT_MS) continue;
      this.#recent.delete(path);
      over = true;
    }
    for (const path of this.#marked) if (nowMs - (this.#turns.get(path)?.startedMs ?? -Infinity) > TURN_MS) over = this.#marked.delete(path);
    if (over) this.#mark();
  }

  forgetEvents(): void {
    this.events.length = 0;
    this.pulses.length = 0;
    this.ghosts.length = 0;
    this.#recent.clear();
    this.#turns.clear();
    this.#marked.clear();
  }

  get count(): number {
    return this.shape.nodes.length;
  }

  node(at: number): TreeNode | undefined {
    return this.shape.nodes[at];
  }

  indexOf(path: string): number {
    return this.#byPath.get(path) ?? -1;
  }

  stateOf(at: number): NodeState {
    return NODE_STATES[this.#values[at * FIGURES_EACH + STATE]!] ?? 'unknown';
  }

  /** State of its machine; '' where it has none. */
  machineOf(at: number): string {
    return this.#machines[this.#values[at * FIGURES_EACH + MACHINE]!] ?? '';
  }

  /** The last change of its machine's state since the page looks. */
  turnOf(path: string): Turn | undefined {
    return this.#turns.get(path);
  }

  /** Its machine's state changed just now. */
  isTurned(at: number): boolean {
    return this.#marked.size > 0 && this.#marked.has(this.shape.nodes[at]!.path);
  }

  /** Paths whose machines' states changed just now. */
  get turned(): Iterable<string> {
    return this.#marked;
  }

  incarnationOf(at: number): number {
    return this.#values[at * FIGURES_EACH + INCARNATION] ?? 0;
  }

  restartsOf(at: number): number {
    return this.#values[at * FIGURES_EACH + RESTARTS] ?? 0;
  }

  mailboxOf(at: number): number {
    return this.#values[at * FIGURES_EACH + MAILBOX] ?? 0;
  }

  handledOf(at: number): number {
    return this.#values[at * FIGURES_EACH + HANDLED] ?? 0;
  }

  timersOf(at: number): number {
    return this.#values[at * FIGURES_EACH + TIMERS] ?? 0;
  }

  /** How full its mailbox is, 0 to `FILL_STEPS`. The root of the share, so that a few messages of many are seen. */
  fillOf(at: number): number {
    const mailbox = this.mailboxOf(at);
    if (mailbox === 0) return 0;
    const bound = this.shape.nodes[at]!.bound;
    return bound === 0 ? Math.min(FILL_STEPS, mailbox) : Math.max(1, Math.min(FILL_STEPS, Math.round(Math.sqrt(mailbox / bound) * FILL_STEPS)));
  }

  isRecent(at: number): boolean {
    return this.#recent.has(this.shape.nodes[at]!.path);
  }

  /** How much a node needs a look: 0 not at all, 1 it failed once, up to 6 quarantined. */
  severityOf(at: number): number {
    const node = this.shape.nodes[at]!;
    const failed = node.lastExit?.kind === 'error' || node.lastExit?.kind === 'killed';
    switch (this.stateOf(at)) {
      case 'quarantined': return 6;
      case 'stopped': return failed ? 5 : 0;
      case 'restarting': return 4;
      case 'suspended': return 3;
      default: break;
    }
    if (node.bound > 0 && this.mailboxOf(at) >= node.bound * FULL_SHARE) return 3;
    const { supervision } = node;
    if (supervision !== null && supervision.restarts > 0 && supervision.used >= supervision.restarts) return 2;
    return failed ? 1 : 0;
  }

  /** Nodes that need a look, the worst first. */
  problems(): number[] {
    const lastFailure = new Map<string, number>();
    for (const { kind, path, seq } of this.events) if (kind === 'failed') lastFailure.set(path, seq);
    const found: { readonly at: number; readonly severity: number; readonly seq: number }[] = [];
    for (let at = 0; at < this.count; at++) {
      const severity = this.severityOf(at);
      if (severity > 0) found.push({ at, severity, seq: lastFailure.get(this.shape.nodes[at]!.path) ?? 0 });
    }
    return found.sort((a, b) => b.severity - a.severity || b.seq - a.seq || a.at - b.at).map(({ at }) => at);
  }

  /** The problem after the one at `path`, or the first; undefined when there is none. */
  nextProblem(path: string, step = 1): string | undefined {
    const problems = this.problems();
    if (problems.length === 0) return undefined;
    const at = problems.indexOf(this.indexOf(path));
    const next = at === -1 ? (step > 0 ? 0 : problems.length - 1) : (at + step + problems.length) % problems.length;
    return this.shape.nodes[problems[next]!]!.path;
  }

  isCollapsed(at: number): boolean {
    return this.#collapsed.size > 0 && this.#collapsed.has(this.shape.nodes[at]!.path);
  }

  setCollapsed(path: string, isCollapsed: boolean): void {
    if (this.#collapsed.has(path) === isCollapsed) return;
    if (isCollapsed) this.#collapsed.add(path);
    else this.#collapsed.delete(path);
    this.#layOut();
  }

  /** Opens whatever hides the node. */
  reveal(path: string): void {
    let changed = false;
    for (let at = this.shape.nodes[this.indexOf(path)]?.parent ?? -1; at >= 0; at = this.shape.nodes[at]!.parent) {
      changed = this.#collapsed.delete(this.shape.nodes[at]!.path) || changed;
    }
    if (changed) this.#layOut();
  }

  get filter(): Filter {
    return this.#filter;
  }

  setFilter(filter: Filter): void {
    this.#filter = filter;
    this.#match();
    this.paint += 1;
  }

  /** Null: nothing is looked for. */
  get matches(): Uint8Array | null {
    return this.#matches;
  }

  get matchCount(): number {
    return this.#matchCount;
  }

  /** The match after `path`, level by level; from elsewhere, the one that is called what is looked for, if there is one. */
  nextMatch(path: string): string | undefined {
    if (this.#matches === null || this.#matchCount === 0) return undefined;
    const from = this.indexOf(path);
    if (this.#matches[from] !== 1) {
      const wanted = this.#filter.text.toLowerCase();
      const named = this.shape.nodes.findIndex(({ id }, at) => this.#matches![at] === 1 && id.toLowerCase() === wanted);
      if (named >= 0) return this.shape.nodes[named]!.path;
    }
    for (let step = 1; step <= this.count; step++) {
      const at = (from + step + this.count) % this.count;
      if (this.#matches[at] === 1) return this.shape.nodes[at]!.path;
    }
    return undefined;
  }

  /** Lines of the outline, from top to bottom: what is open, or what is found with all above it. */
  rows(): Row[] {
    const kept = this.#matches === null ? null : this.#withAncestors(this.#matches);
    const rows: Row[] = [];
    if (this.count === 0 || (kept !== null && kept[0] === 0)) return rows;
    const left: Row[] = [this.#row(0, 0, 1, 1, kept)];
    for (let row = left.pop(); row !== undefined; row = left.pop()) {
      rows.push(row);
      if (!row.isOpen) continue;
      const below = this.children[row.at]!.filter((child) => kept === null || kept[child] === 1);
      for (let n = below.length - 1; n >= 0; n--) left.push(this.#row(below[n]!, row.depth + 1, n + 1, below.length, kept));
    }
    return rows;
  }

  /** Nodes that look different since the last call, in `into`; how many. */
  takeDirty(into: Int32Array): number {
    const count = Math.min(this.#dirtyCount, into.length);
    for (let n = 0; n < count; n++) into[n] = this.#dirty[n]!;
    this.#dirtyCount = 0;
    return count;
  }

  /** The shape that has the reason comes a second later: nobody should have to wait for it. */
  #takeExits(events: readonly TreeEvent[]): void {
    let nodes: TreeNode[] | null = null;
    for (const event of events) {
      const at = event.kind === 'failed' ? this.indexOf(event.path) : -1;
      if (at < 0 || event.kind !== 'failed') continue;
      nodes ??= [...this.shape.nodes];
      nodes[at] = { ...nodes[at]!, lastExit: event.reason };
    }
    if (nodes !== null) this.shape = { ...this.shape, nodes };
  }

  #row(at: number, depth: number, position: number, siblings: number, kept: Uint8Array | null): Row {
    const hasChildren = this.children[at]!.length > 0;
    return { at, depth, hasChildren, isOpen: hasChildren && (kept !== null || !this.isCollapsed(at)), position, siblings };
  }

  #withAncestors(matches: Uint8Array): Uint8Array {
    const kept = matches.slice();
    // Children come after their parent.
    for (let at = kept.length - 1; at > 0; at--) if (kept[at] === 1) kept[this.shape.nodes[at]!.parent] = 1;
    return kept;
  }

  #match(): void {
    const { text, state, kind } = this.#filter;
    this.#matchCount = 0;
    this.finds += 1;
    if (text === '' && state === '' && kind === '') {
      this.#matches = null;
      return;
    }
    const wanted = text.toLowerCase();
    const matches = new Uint8Array(this.count);
    for (let at = 0; at < this.count; at++) {
      const node = this.shape.nodes[at]!;
      if (wanted !== '' && !node.path.toLowerCase().includes(wanted) && !node.behaviour.toLowerCase().includes(wanted) && !this.machineOf(at).toLowerCase().includes(wanted)) continue;
      if (state !== '' && this.stateOf(at) !== state) continue;
      if (kind !== '' && (kind === 'problem' ? this.severityOf(at) === 0 : node.kind !== kind)) continue;
      matches[at] = 1;
      this.#matchCount += 1;
    }
    this.#matches = matches;
  }

  #turn(at: number, from: string, atUs: number, startedMs: number): void {
    const to = this.machineOf(at);
    // The first state of a life is no change.
    if (to === from || to === '' || from === '') return;
    const { path } = this.shape.nodes[at]!;
    this.#turns.set(path, { from, to, atUs, startedMs });
    this.#marked.add(path);
  }

  #layOut(): void {
    const { nodes } = this.shape;
    this.layout = layOut({ count: nodes.length, parents: nodes.map(({ parent }) => parent), pathOf: (at) => nodes[at]!.path, isCollapsed: (at) => this.isCollapsed(at) }, this.#slots);
    for (let at = 0; at < nodes.length; at++) {
      this.#keys[at] = this.#keyOf(at);
      this.#machineKeys[at] = this.machineOf(at);
    }
    this.#dirtyCount = 0;
    this.structure += 1;
  }

  /** What of a node is drawn, in one number. */
  #keyOf(at: number): number {
    return this.#values[at * FIGURES_EACH + STATE]! | (this.fillOf(at) << 4) | ((this.incarnationOf(at) & 0xfff) << 9) | (this.severityOf(at) << 21) | (this.isRecent(at) ? 1 << 25 : 0) | (this.isTurned(at) ? 1 << 26 : 0);
  }

  #mark(): void {
    let turned = false;
    for (let at = 0; at < this.count; at++) {
      const key = this.#keyOf(at);
      const machine = this.machineOf(at);
      if (key === this.#keys[at] && machine === this.#machineKeys[at]) continue;
      turned ||= machine !== this.#machineKeys[at];
      this.#keys[at] = key;
      this.#machineKeys[at] = machine;
      if (this.#dirtyCount < this.#dirty.length) this.#dirty[this.#dirtyCount++] = at;
      // A list that overflows: everything is drawn again.
      else this.paint += 1;
    }
    const { text, state, kind } = this.#filter;
    if (state !== '' || kind === 'problem' || (turned && text !== '')) {
      this.#match();
      this.paint += 1;
    }
  }
}

function pulseText(event: TreeEvent): string {
  switch (event.kind) {
    case 'failed': {
      const cause = event.reason.causes[0];
      return cause === undefined ? `${event.context}: ${event.reason.kind}` : `${cause.name}: ${cause.message}`.slice(0, 80);
    }
    case 'started': return `started again, incarnation ${event.incarnation}`;
    case 'state': return `${event.from} → ${event.to}`;
    case 'ended': return 'ended';
    case 'life': return event.note;
  }
}
