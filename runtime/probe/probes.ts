import type { Cell } from '../core/cell.js';
import type { Dispatcher } from '../core/dispatcher.js';
import { CellKind, CellState } from '../core/states.js';
import { type CopyLimits, plainCopy } from '../observe/inspect.js';
import { nodeState } from '../observe/tree.js';
import { copyWithin } from './changes.js';
import { isMachineState } from './face.js';
import { MOST_EVENTS, Probe } from './probe.js';
import type { ProbeOptions, MachineReading } from './reading.js';

const LEASE_MS = 10_000;
/** Actors probed at a time in one runtime; the one asked for longest ago gives way. */
const MOST_PROBES = 4;
const CONTEXT_COPY: CopyLimits = { depth: 10, entries: 200, values: 3_000, textLength: 1_000 };
const CONTEXT_BYTES = 400_000;
const VALUE_COPY: CopyLimits = { depth: 12, entries: 500, values: 2_000, textLength: 200 };
/** Bytes of all events of an answer; the oldest are left out first. */
const EVENTS_BYTES = 1_000_000;

/** The probes of one runtime. */
export class Probes {
  readonly #probes = new Map<Cell, Probe>();

  /** Begins a probe on a worker, or extends the one it has, and reads it. */
  read(d: Dispatcher, cell: Cell, options: ProbeOptions): MachineReading {
    const probe = cell.kind === CellKind.worker && cell.state !== CellState.gone ? this.#probeOf(d, cell, options) : null;
    return readingOf(d, cell, probe, options);
  }

  /** Takes the probe off an actor, or all of them. */
  end(cell?: Cell): void {
    for (const [of, probe] of this.#probes) {
      if (cell !== undefined && of !== cell) continue;
      probe.detach();
      this.#probes.delete(of);
    }
  }

  #probeOf(d: Dispatcher, cell: Cell, { leaseMs = LEASE_MS, share = Infinity }: ProbeOptions): Probe {
    const nowMs = performance.now();
    for (const [of, old] of this.#probes) {
      if (old.untilMs > nowMs && old.attached && of.state !== CellState.gone) continue;
      old.detach();
      this.#probes.delete(of);
    }
    let probe = this.#probes.get(cell);
    if (probe === undefined) {
      const [oldest] = this.#probes.keys();
      if (oldest !== undefined && this.#probes.size >= MOST_PROBES) this.end(oldest);
      probe = new Probe(cell, d.clock.nowUs(), leaseMs, share);
    } else {
      probe.untilMs = nowMs + leaseMs;
      probe.share = share;
    }
    // The one asked for last goes last.
    this.#probes.delete(cell);
    this.#probes.set(cell, probe);
    return probe;
  }
}

function readingOf(d: Dispatcher, cell: Cell, probe: Probe | null, { leaseMs = LEASE_MS, after = -1, known }: ProbeOptions): MachineReading {
  const { behaviour } = cell;
  const face = cell.kind === CellKind.worker ? behaviour.machine : undefined;
  const asleep = cell.idle !== null && cell.idle.asleep;
  const state: unknown = asleep ? cell.idle?.data : cell.value;
  const live = isMachineState(state) ? state : null;
  const { value, context, status } = face === undefined ? NO_MACHINE : partsOf(state);
  let shown: unknown = face === undefined ? state : context;
  if (face === undefined && !asleep && behaviour.view !== undefined && cell.stateGood) {
    const failed = d.guard(cell, () => {
      shown = behaviour.view?.(cell.value);
    });
    if (failed !== undefined) shown = failed;
  }
  const chart = face?.chart ?? null;
  return {
    path: cell.path,
    atUs: d.clock.nowUs(),
    behaviour: cell.kind === CellKind.worker ? { name: behaviour.name, version: behaviour.version } : null,
    kind: cell.kind !== CellKind.worker ? 'supervisor' : face === undefined ? 'reducer' : 'machine',
    state: nodeState(cell),
    incarnation: cell.incarnation,
    digest: chart?.digest ?? null,
    chart: chart === null || chart.digest === known ? null : chart.model,
    value: plainCopy(value, VALUE_COPY),
    active: live === null || face === undefined ? [] : face.activeStates(live),
    status,
    context: cell.kind === CellKind.worker ? copyWithin(shown, CONTEXT_BYTES, CONTEXT_COPY) : null,
    sinceUs: probe?.sinceUs ?? d.clock.nowUs(),
    leaseMs: probe === null ? 0 : leaseMs,
    seen: probe?.seen ?? 0,
    unexamined: probe?.unexamined ?? 0,
    counts: Object.fromEntries(probe?.counts ?? []),
    events: probe === null ? [] : within(probe.eventsAfter(after)),
  };
}

const NO_MACHINE = { value: null, context: null, status: null };

/** Of a machine's state, live or as the data of one that hibernates. */
function partsOf(state: unknown): { readonly value: unknown; readonly context: unknown; readonly status: string | null } {
  if (typeof state !== 'object' || state === null) return NO_MACHINE;
  const { value = null, context = null, status } = state as { readonly value?: unknown; readonly context?: unknown; readonly status?: unknown };
  return { value, context, status: typeof status === 'string' ? status : null };
}

function within(events: MachineReading['events']): MachineReading['events'] {
  let bytes = 0;
  let from = events.length;
  while (from > 0 && events.length - from < MOST_EVENTS) {
    bytes += JSON.stringify(events[from - 1]).length;
    if (bytes > EVENTS_BYTES) break;
    from--;
  }
  return events.slice(from);
}
