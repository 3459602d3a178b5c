import { ControlClient } from '../../runtime/control/client.js';
import { ControlError } from '../../runtime/control/errors.js';
import type { MethodResult } from '../../runtime/control/index.js';
import { packageVersion } from '../cli/version.js';
import { exitText } from '../control/exit-text.js';
import type { Found } from '../control/find.js';
import { isHeld } from '../process/record.js';
import { ASKED, detectorsOf, domainAlerts, remember, treeAlerts, type Mailboxes, type Shown } from './alerts.js';
import { actorRows, type ActorSample, type Alert, type Before, type ProcessSample } from './sample.js';

/** Actors of a tree that are asked for at most. */
const NODES = 2000;
/** Actors that are looked into at one look; the others have their turn at the next. */
const INSPECTED = 16;
const CALL_MS = 6000;
const MINUTE_MS = 60_000;

type Metrics = MethodResult<'metrics'>;
type About = MethodResult<'process'>;

/**
 * One process, looked at again and again over its control socket. Only reads that the process answers from copies: nothing that becomes an input
 * of its tree, so that a look leaves no trace in its run.
 */
export class Watcher {
  readonly found: Found;
  readonly #now: () => number;
  #client: ControlClient | undefined;
  #busy: Promise<void> | undefined;
  #about: About | undefined;
  #metrics: Metrics | undefined;
  #actors: readonly ActorSample[] = [];
  #before: Before | null = null;
  #mailboxes: Mailboxes = { recent: new Map() };
  /** Restarts by actor at looks of the last minute, oldest first. */
  #restarts: { readonly atMs: number; readonly by: ReadonlyMap<string, number> }[] = [];
  readonly #shown = new Map<string, Shown>();
  #turn = 0;
  #seenMs: number | null = null;
  /** Why it cannot be asked; '' where it can, null before the first answer. */
  #problem: string | null = null;
  #closed = false;

  /** `now`: milliseconds that never go back. */
  constructor(found: Found, now: () => number = () => performance.now()) {
    this.found = found;
    this.#now = now;
  }

  /** Looks once more; a look that is under way is that one. Never rejects. */
  look(): Promise<void> {
    this.#busy ??= this.#look().catch((error: unknown) => this.#failed(error)).finally(() => (this.#busy = undefined));
    return this.#busy;
  }

  close(): void {
    this.#closed = true;
    this.#client?.close();
    this.#client = undefined;
  }

  sample(): ProcessSample {
    const { name, record } = this.found;
    const metrics = this.#metrics;
    const about = this.#about;
    const answering = this.#problem === '';
    const runtime = (metrics?.runtime ?? {}) as { readonly restarts?: unknown; readonly deadLettered?: unknown };
    const rates = this.#actors.map(({ perSecond }) => perSecond);
    const shown = [...this.#shown.values()];
    const stalledMs = about?.mainLoop.stalled === true ? about.mainLoop.turnedAgoMs : null;
    const alerts: Alert[] = [
      ...(this.#problem === null || answering ? [] : [{ severity: 'bad' as const, text: this.#problem }]),
      ...(stalledMs === null ? [] : [{ severity: 'bad' as const, text: `its main loop has not turned for ${(stalledMs / 1000).toFixed(1)} s` }]),
      ...treeAlerts(this.#actors, this.#mailboxes, this.#restarts[0]?.by ?? null), ...domainAlerts(shown),
    ];
    return {
      name, pid: about?.pid ?? record?.pid ?? null, status: answering ? statusOf(about?.status) : this.#problem === null ? 'asked' : 'not answering', answering,
      uptimeMs: about?.uptimeMs ?? null, stalledMs, loopDelayP99Us: metrics?.eventLoopDelay.p99Us ?? null, turnP99Us: metrics?.turns?.p99Us ?? null, rssBytes: metrics?.memory.rssBytes ?? null,
      restarts: numberOf(runtime.restarts), deadLetters: numberOf(runtime.deadLettered), messagesPerSecond: rates.length === 0 || rates.includes(null) ? null : rates.reduce<number>((sum, rate) => sum + (rate ?? 0), 0),
      detectors: detectorsOf(shown), alerts: [...alerts].sort((a, b) => Number(a.severity === 'warn') - Number(b.severity === 'warn')), actors: this.#actors, ageMs: this.#seenMs === null ? 0 : this.#now() - this.#seenMs,
    };
  }

  async #look(): Promise<void> {
    const client = this.#client ??= await ControlClient.connect({ socketPath: this.found.socket, client: `faultline top ${packageVersion()} (pid ${process.pid})`, timeoutMs: CALL_MS });
    if (this.#closed) {
      client.close();
      return;
    }
    // The thread of the socket answers this one, also when the main loop is stuck.
    this.#about = await client.call('process', {}, { timeoutMs: CALL_MS });
    const [{ tree }, metrics] = await Promise.all([client.call('tree', { nodes: NODES }, { timeoutMs: CALL_MS }), client.call('metrics', {}, { timeoutMs: CALL_MS })]);
    const nowMs = this.#now();
    this.#metrics = metrics;
    this.#actors = actorRows(tree, nowMs, this.#before, exitText);
    this.#before = { atMs: nowMs, handled: new Map(this.#actors.map(({ path, handled }) => [path, handled])) };
    this.#mailboxes = remember(this.#mailboxes, this.#actors);
    this.#restarts = [...this.#restarts.filter(({ atMs }) => nowMs - atMs < MINUTE_MS), { atMs: nowMs, by: new Map(this.#actors.map(({ path, restarts }) => [path, restarts])) }];
    await this.#inspect(client);
    this.#seenMs = this.#now();
    this.#problem = '';
  }

  async #inspect(client: ControlClient): Promise<void> {
    const wanted = this.#actors.filter(({ behaviour, state }) => state === 'running' && ASKED.includes(behaviour.slice(0, behaviour.lastIndexOf('@'))));
    const paths = new Set(wanted.map(({ path }) => path));
    for (const path of this.#shown.keys()) if (!paths.has(path)) this.#shown.delete(path);
    const chosen = wanted.length <= INSPECTED ? wanted : Array.from({ length: INSPECTED }, (_, at) => wanted[(this.#turn + at) % wanted.length]!);
    this.#turn = wanted.length === 0 ? 0 : (this.#turn + INSPECTED) % wanted.length;
    await Promise.all(chosen.map(async ({ path, behaviour }) => {
      try {
        const { value } = await client.call('inspect', { path }, { timeoutMs: CALL_MS });
        this.#shown.set(path, { path, behaviour: behaviour.slice(0, behaviour.lastIndexOf('@')), value });
      } catch (error) {
        // It may be gone meanwhile; a broken line is noticed by the next look.
        if (!(error instanceof ControlError)) throw error;
        this.#shown.delete(path);
      }
    }));
  }

  #failed(error: unknown): void {
    if (!(error instanceof ControlError)) throw error;
    const { record } = this.found;
    this.#problem = record !== undefined && isHeld(record.pid) ? 'it is held up by a signal (SIGSTOP, or Ctrl-Z)' : `it does not answer: ${error.message}`;
    if (error.code === 'timeout' || error.code === 'rpc') return;
    this.#client?.close();
    this.#client = undefined;
  }
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** The mode and what it does, as far as it says. */
function statusOf(status: unknown): string {
  if (typeof status !== 'object' || status === null) return 'running';
  const { mode, state } = status as { readonly mode?: unknown; readonly state?: unknown };
  const words = [mode, state].filter((word) => typeof word === 'string' && word !== '') as string[];
  return words.length === 0 ? 'running' : words.join(' ');
}
