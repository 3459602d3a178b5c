import { join } from 'node:path';
import { importTape } from '../../data/import/index.js';
import { allocateBatch, BLOCK_RECORDS, Kind, KIND_MASK, PRICE, TAG, WORDS_F, WORDS_I } from '../../data/records/index.js';
import { TapeClock, TapeReader, TapeWriter } from '../../data/tape/index.js';
import { replayTape } from '../replay/run.js';
import type { ReplayResult } from '../replay/run.js';
import { isoUs } from '../replay/time.js';
import type { RealTape } from './real-tapes.js';
import { FallFinder } from './true-start.js';

export interface DetectionRow {
  readonly id: string;
  readonly kind: RealTape['kind'];
  readonly records: number;
  readonly hours: number;
  /** The high before the first fall of 3 % within 60 s; null where there is none. */
  readonly trueStart: string | null;
  readonly fellThreePercentAt: string | null;
  /** First moment from the true start on at which the detector is ACTIVE. */
  readonly activeAt: string | null;
  readonly delaySeconds: number | null;
  /** Entries into ACTIVE from ALERT in all, and of those before the true start. */
  readonly activations: number;
  readonly activationsBefore: number;
  readonly alerts: number;
  readonly secondsInState: Readonly<Record<string, number>>;
  readonly trades: number;
  readonly digest: string;
}

/** Imports one real tape into `folder`, replays it, and sets what was detected against the truth. */
export async function detect(tape: RealTape, dataFolder: string, folder: string): Promise<DetectionRow> {
  const out = join(folder, `${tape.id}.tape`);
  const opened: { writer?: TapeWriter } = {};
  await importTape(
    { inputs: tape.files.map((file) => join(dataFolder, file)), format: 'auto', symbols: [tape.symbol], venue: tape.venue },
    (header) => (opened.writer = TapeWriter.create(out, header, { compress: true, overwrite: true })),
  );
  opened.writer!.close();
  const report = await replayTape({ tape: out, faults: [] });
  return rowOf(tape, report, scan(out));
}

interface Scan {
  readonly finder: FallFinder;
  readonly firstUs: number;
  readonly lastUs: number;
}

/** Walks the trades of a tape on the tape clock, which the detector's times follow too. */
function scan(path: string): Scan {
  const finder = new FallFinder();
  const clock = new TapeClock();
  const reader = TapeReader.open(path);
  const batch = allocateBatch(BLOCK_RECORDS);
  for (let count = reader.next(batch); count > 0; count = reader.next(batch)) {
    for (let r = 0; r < count; r++) {
      clock.observe(batch.F, r * WORDS_F);
      const kind = batch.I[r * WORDS_I + TAG]! & KIND_MASK;
      if (kind === Kind.TRADE || kind === Kind.AGG_TRADE) finder.trade(clock.nowUs, batch.I[r * WORDS_I + PRICE]!);
    }
  }
  reader.close();
  return { finder, firstUs: clock.startUs, lastUs: clock.nowUs };
}

function rowOf(tape: RealTape, report: ReplayResult, { finder, firstUs, lastUs }: Scan): DetectionRow {
  const fall = finder.found;
  const activations = report.timeline.filter(({ from, to }) => from === 'ALERT' && to === 'ACTIVE');
  const activeUs = fall === undefined ? undefined : firstActive(report, fall.startUs);
  return {
    id: tape.id,
    kind: tape.kind,
    records: report.records,
    hours: Math.round((lastUs - firstUs) / 36e6) / 100,
    trueStart: fall === undefined ? null : isoUs(fall.startUs),
    fellThreePercentAt: fall === undefined ? null : isoUs(fall.confirmedUs),
    activeAt: activeUs === undefined ? null : isoUs(activeUs),
    delaySeconds: fall === undefined || activeUs === undefined ? null : Math.round((activeUs - fall.startUs) / 1e4) / 100,
    activations: activations.length,
    activationsBefore: activations.filter(({ atUs }) => fall !== undefined && atUs < fall.startUs).length,
    alerts: report.timeline.filter(({ from, to }) => from === 'SLEEP' && to === 'ALERT').length,
    secondsInState: report.secondsInState[tape.symbol] ?? {},
    trades: report.trades.length,
    digest: report.digest,
  };
}

/** The first moment from `startUs` on at which the state is ACTIVE. */
function firstActive({ timeline }: ReplayResult, startUs: number): number | undefined {
  const before = timeline.filter(({ atUs }) => atUs <= startUs).at(-1);
  if (before?.to === 'ACTIVE') return startUs;
  return timeline.find(({ atUs, to }) => atUs > startUs && to === 'ACTIVE')?.atUs;
}
