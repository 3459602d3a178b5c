import { basename, resolve } from 'node:path';
import { allocateBatch, BLOCK_RECORDS, EXCH_US, RECV_US, WORDS_F } from '../../data/records/index.js';
import type { Instrument, RecordBatch } from '../../data/records/index.js';
import { beginManifest, makeRunFolder, newRunId, tidyRuns, type RunManifest } from '../../data/runs/index.js';
import { TapeReader } from '../../data/tape/index.js';
import { loadConfig } from '../../config/index.js';
import type { LanesParams, LoadedConfig } from '../../config/index.js';
import { planLanes } from '../../supervisors/lane-plan.js';
import { instanceNames } from '../../supervisors/instance-names.js';
import type { LanePlan } from '../../supervisors/index.js';
import { breathe, onInterrupt } from '../cli/interrupt.js';
import { progress } from '../cli/progress.js';
import { retentionOf } from '../runs/limits.js';
import { packageVersion } from '../cli/version.js';
import { fromTapeError } from '../tape/errors.js';
import { formatFault, isActorFault, isLaneFault } from './fault-spec.js';
import type { Fault, LaneFault } from './fault-spec.js';
import { CliError } from '../cli/errors.js';
import { liveSnapshot } from './live-snapshot.js';
import { LiveView, renderFrame } from './live-view.js';
import { ReplayOutput } from './output.js';
import { Replay } from './replay.js';
import type { ReplayInput } from './replay.js';
import type { ReplayReport } from './report.js';
import { isoUs, parseTimeUs } from './time.js';

export interface ReplayRequest {
  readonly tape: string;
  readonly config?: string;
  readonly faults: readonly Fault[];
  /** Threads for the kernel; 0: on the main loop; undefined: as the configuration says. */
  readonly lanes?: number;
  readonly from?: string;
  readonly to?: string;
  /** Tape seconds per wall second; undefined: as fast as it goes. */
  readonly speed?: number;
  /** Instead of one speed: where the tape should be, µs after its start, that many wall milliseconds after the beginning. */
  readonly pace?: (elapsedMs: number) => number;
  /** Folder for decisions.jsonl, trades.csv, states.csv, report.json. */
  readonly out?: string;
  readonly overwrite?: boolean;
  /** Keep it as a run below `root`, by which kind, where no `out` is named. */
  readonly keep?: { readonly kind: 'replay' | 'demo'; readonly root: string };
  readonly partial?: boolean;
  /** Show the replay as it runs, on this terminal. */
  readonly live?: NodeJS.WriteStream;
}

/** A finished replay, and what it ran on. */
export interface ReplayResult extends ReplayReport {
  /** Faults injected by --fault. */
  readonly tape: string;
  readonly configDigest: string;
  readonly injected: number;
  /** Folder of the run that was kept. */
  readonly runDir?: string;
}

/** Records taken between two looks at the clock, the terminal and pending signals. */
const STRETCH = 64 * BLOCK_RECORDS;
const FRAME_MS = 100;

/** A tape and everything that was asked of its replay, found usable. It can be played any number of times. */
export interface PreparedReplay {
  readonly tape: string;
  readonly loaded: LoadedConfig;
  readonly records: number;
  readonly span: TapeSpan;
  /** Clock of the first record that may decide, µs. */
  readonly firstUs: number;
  /** Begins a replay: the tree is up when it returns. To be closed. */
  begin(onDecision: NonNullable<ReplayInput['onDecision']>, options?: { readonly patient?: boolean }): { readonly replay: Replay; close(): Promise<void> };
}

/** @throws CliError for a tape or option that cannot be used. */
export function prepareReplay(request: ReplayRequest, loaded = loadConfig(request.config)): PreparedReplay {
  const partial = request.partial ?? false;
  const span = tapeSpan(request.tape, partial);
  const window = timeWindow(request, span);
  const lanes = chosenLanes(request, loaded.config.lanes);
  const reader = openTape(request.tape, partial);
  const { records } = reader;
  try {
    if (lanes !== undefined) planned(reader.header.instruments, lanes);
    checkFaults(request.faults, reader, lanes);
  } finally {
    reader.close();
  }
  return {
    tape: basename(request.tape), loaded, records, span, firstUs: Math.max(span.startUs, window.fromUs ?? span.startUs),
    begin: (onDecision, { patient = false } = {}) => {
      const source = openTape(request.tape, partial);
      try {
        const replay = new Replay({
          header: source.header,
          source: { next: (batch) => guardTape(() => source.next(batch)) },
          config: loaded.config,
          startUs: span.startUs,
          faults: request.faults,
          ...(lanes === undefined ? {} : { lanes }),
          ...window,
          onDecision,
          patient,
        });
        const close = async (): Promise<void> => {
          source.close();
          await replay.close();
        };
        return { replay, close };
      } catch (error) {
        source.close();
        throw error;
      }
    },
  };
}

/** Replays one tape. @throws CliError for a tape, option or output that cannot be used. */
export async function replayTape(request: ReplayRequest): Promise<ReplayResult> {
  const prepared = prepareReplay(request);
  const { tape, loaded, records, span } = prepared;
  let output: ReplayOutput | undefined;
  const { replay, close } = prepared.begin((_decision, line) => output?.decision(line));
  const forget = onInterrupt(() => output?.abandon());
  try {
    checkPaths(replay, request.faults);
    // Last of all, so that a mistyped option leaves no folder behind.
    output = outputOf(request, prepared);
    const startMs = performance.now();
    await (request.live === undefined && request.speed === undefined && request.pace === undefined
      ? atFullSpeed(replay, records, tape)
      : paced(replay, request, records, span));
    await replay.settle();
    const report: ReplayResult = {
      tape, configDigest: loaded.digest, injected: request.faults.length, ...replay.finish(performance.now() - startMs),
      ...(request.keep === undefined || output === undefined ? {} : { runDir: output.folder }),
    };
    output?.finish(report);
    return report;
  } finally {
    forget();
    await close();
  }
}

function outputOf(request: ReplayRequest, { loaded, records }: PreparedReplay): ReplayOutput | undefined {
  const { tape, out, overwrite = false, keep, faults, from = null, to = null, lanes = null, partial = false } = request;
  const begin = (id: string): RunManifest => beginManifest(id, {
    kind: keep?.kind ?? 'replay', version: packageVersion(), config: loaded.config, configDigest: loaded.digest,
    // Nothing in a replay's decisions is made of the run.
    idMarks: () => [], plays: [{ file: resolve(tape), records }], replay: { from, to, faults: faults.map(formatFault), lanes, partial },
  }, null);
  if (out !== undefined) return new ReplayOutput(out, begin(newRunId()), { overwrite });
  if (keep === undefined) return undefined;
  tidyRuns(keep.root, retentionOf(loaded.config.engine.run));
  const { id, folder } = makeRunFolder(keep.root);
  return new ReplayOutput(folder, begin(id), { kept: true });
}

/** What `--from` and `--to` choose. @throws CliError usage where that is nothing: a report on it would look like calm. */
function timeWindow({ from, to, faults }: ReplayRequest, span: { readonly startUs: number; readonly endUs: number }): { fromUs?: number; toUs?: number } {
  const fromUs = from === undefined ? undefined : parseTimeUs(from, '--from', span.startUs);
  const toUs = to === undefined ? undefined : parseTimeUs(to, '--to', span.startUs);
  if (fromUs !== undefined && toUs !== undefined && fromUs >= toUs) throw new CliError('usage', `--to '${to}' is not after --from '${from}'`);
  // Faults may move the clock; without them the tape's own span says what there is.
  if (faults.length === 0 && span.endUs > 0) {
    const runs = `the tape runs from ${isoUs(span.startUs)} to ${isoUs(span.endUs)}`;
    if (fromUs !== undefined && fromUs > span.endUs) throw new CliError('usage', `--from '${from}' is after the tape's end`, runs);
    if (toUs !== undefined && toUs <= span.startUs) throw new CliError('usage', `--to '${to}' is not after the tape's beginning`, runs);
  }
  return { ...(fromUs === undefined ? {} : { fromUs }), ...(toUs === undefined ? {} : { toUs }) };
}

async function atFullSpeed(replay: Replay, total: number, label: string): Promise<void> {
  const bar = progress(`replaying ${label}`, total);
  try {
    while (!replay.ended) {
      replay.advance(STRETCH);
      bar.update(replay.taken);
      await (replay.stalled ? replay.turn() : breathe());
    }
  } finally {
    bar.done();
  }
}

/**
 * Lets the tape's clock run `speed` times as fast as the wall's. Where a stretch ends changes no decision: it only
 * says how far the kernel may go before it is looked at again.
 */
async function paced(replay: Replay, request: ReplayRequest, total: number, span: TapeSpan): Promise<void> {
  const speed = request.speed ?? Infinity;
  const pace = request.pace ?? ((elapsedMs: number) => (Number.isFinite(speed) ? elapsedMs * 1000 * speed : Infinity));
  const view = request.live === undefined ? undefined : new LiveView(request.live);
  const forget = view && onInterrupt(() => view.close());
  const draw = (shownSpeed: number): void => view?.draw((columns, rows) => renderFrame(liveSnapshot(replay, basename(request.tape), total, span, shownSpeed), columns, rows, true));
  const startMs = performance.now();
  let drawnMs = -Infinity;
  const firstUs = request.from === undefined ? span.startUs : Math.max(span.startUs, parseTimeUs(request.from, '--from', span.startUs));
  try {
    while (!replay.ended) {
      const nowMs = performance.now();
      const elapsedMs = nowMs - startMs;
      const untilUs = firstUs + pace(elapsedMs);
      const shownSpeed = request.pace === undefined ? speed : (pace(elapsedMs) - pace(Math.max(0, elapsedMs - FRAME_MS))) / 1000 / FRAME_MS;
      const reached = replay.advance(STRETCH, untilUs);
      if (view !== undefined && nowMs - drawnMs >= FRAME_MS) {
        drawnMs = nowMs;
        // Threads are asked for what the next frame shows.
        replay.lanes?.group.requestFacts();
        draw(shownSpeed);
      }
      await (replay.stalled ? replay.turn() : reached ? new Promise((resolve) => setTimeout(resolve, 10)) : breathe());
    }
    draw(speed);
  } finally {
    view?.close();
    forget?.();
  }
}

function openTape(path: string, partial: boolean): TapeReader {
  return guardTape(() => TapeReader.open(path, { partial }));
}

function guardTape<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fromTapeError(error) ?? error;
  }
}

export interface TapeSpan {
  readonly startUs: number;
  readonly endUs: number;
}

/** First and last stamp of a tape, from its first and last block. */
function tapeSpan(path: string, partial: boolean): TapeSpan {
  const reader = openTape(path, partial);
  try {
    const batch = allocateBatch(BLOCK_RECORDS);
    if (guardTape(() => reader.next(batch)) === 0) return { startUs: 0, endUs: 0 };
    const startUs = firstStampUs(batch);
    return { startUs, endUs: Math.max(startUs, reader.blocks().at(-1)!.lastUs) };
  } finally {
    reader.close();
  }
}

/** The first stamp of a block; 0 when it has none. */
function firstStampUs({ F, length }: RecordBatch): number {
  for (let f = 0; f < length * WORDS_F; f += WORDS_F) {
    const stamp = F[f + RECV_US]! > 0 ? F[f + RECV_US]! : F[f + EXCH_US]!;
    if (stamp > 0) return stamp;
  }
  return 0;
}

/** Parameters of the lanes to run; undefined: inline. */
function chosenLanes({ lanes }: ReplayRequest, configured: LanesParams): LanesParams | undefined {
  if (lanes === undefined) return configured.placement === 'ring' ? configured : undefined;
  return lanes === 0 ? undefined : { ...configured, placement: 'ring', count: lanes };
}

/** A fault beyond the tape, or for a symbol or lane that is not there, would do nothing in silence. */
function checkFaults(faults: readonly Fault[], { records, header }: TapeReader, lanes: LanesParams | undefined): void {
  const names = [...instanceNames(header.instruments).values()];
  for (const fault of faults) {
    // A swap needs the record after it too.
    const last = fault.kind === 'swap' ? records - 2 : records - 1;
    if (fault.at > last) {
      const hint = last < 0 ? 'it is too short for this fault' : `N may be 0 to ${last}`;
      throw new CliError('usage', `--fault ${formatFault(fault)}: the tape has ${records} records`, hint);
    }
    if (fault.kind === 'overflow' && !names.includes(fault.symbol)) {
      throw new CliError('usage', `--fault ${formatFault(fault)}: there is no symbol ${fault.symbol} on the tape`, `one of: ${names.join('  ')}`);
    }
    if (isLaneFault(fault)) checkLane(fault, header.instruments, lanes);
  }
}

function checkLane(fault: LaneFault, instruments: readonly Instrument[], lanes: LanesParams | undefined): void {
  if (lanes === undefined) throw new CliError('usage', `--fault ${formatFault(fault)}: this replay has no lanes`, 'add --lanes N');
  const started = planned(instruments, lanes).lanes.map(({ id }) => id);
  if (!started.includes(fault.lane)) throw new CliError('usage', `--fault ${formatFault(fault)}: lane ${fault.lane} is not started`, `one of: ${started.join('  ')}`);
}

/** @throws CliError usage when the configuration's lanes do not fit the tape. */
function planned(instruments: readonly Instrument[], lanes: LanesParams): LanePlan {
  try {
    return planLanes(instruments, lanes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CliError('usage', error.message, 'see [lanes.assign] of the configuration, and --lanes');
  }
}

/** A fault for an actor that is not there would do nothing in silence. */
export function checkPaths(replay: Replay, faults: readonly Fault[]): void {
  for (const fault of faults.filter(isActorFault)) {
    if (fault.kind === 'poison' && fault.path.startsWith('/market/lanes/') && replay.runtime.inspect(fault.path) !== undefined) {
      throw new CliError('usage', `--fault ${formatFault(fault)}: a lane's actor gets no messages`, 'kill-lane:I@N ends its thread, crash:PATH@N its actor');
    }
    if (replay.runtime.inspect(fault.path) !== undefined) continue;
    throw new CliError('usage', `--fault ${fault.kind}: there is no actor ${fault.path}`, `one of: ${actorPaths(replay).join('  ')}`);
  }
}

function actorPaths(replay: Replay): string[] {
  const paths: string[] = [];
  const visit = (node: ReturnType<Replay['runtime']['tree']>): void => {
    if (node === null) return;
    if (node.kind === 'worker') paths.push(node.path);
    node.children.forEach(visit);
  };
  visit(replay.runtime.tree());
  return paths;
}
