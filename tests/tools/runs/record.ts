import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { digestOf, type Config } from '../../../config/index.js';
import { RECV_US, WORDS_F, type RecordBatch } from '../../../data/records/index.js';
import { RunWriter, type RunWriterOptions } from '../../../data/runs/index.js';
import { repeatChange } from '../../../runtime/control/index.js';
import { engineTree, type EngineBoot } from '../../../supervisors/engine.js';
import { rotateWhenDue } from '../../../tools/runs/engine-run.js';
import { EngineSession } from '../../../tools/engine/session.js';
import type { MemoryTape } from '../../support/replay-tape.js';

/** A folder for runs that goes when the test ends. */
export function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-live-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface RecordOptions extends RunWriterOptions {
  readonly config: Config;
  /** Records a piece of the market comes in. */
  readonly piece?: number;
  /** What an operator does, by the number of records before it. */
  readonly inputs?: ReadonlyMap<number, { readonly to: string; readonly message: { readonly type: string } }>;
  /** What an operator does to the tree over the control socket. */
  readonly changes?: ReadonlyMap<number, { readonly method: string; readonly params: { readonly path: string } }>;
  /** Called after every piece; true ends the run there as SIGKILL would, once `flush`ed what was flushed. */
  readonly dies?: (records: number, run: RunWriter) => boolean;
  readonly idMarks?: (id: string) => readonly string[];
}

/** A live run as the engine makes one, its market taken from a tape: written first, then handed to the tree. Returns the folder. */
export function recordRun(root: string, tape: MemoryTape, { config, piece = 97, inputs = new Map(), changes = new Map(), dies = () => false, idMarks, ...options }: RecordOptions): string {
  const boot: EngineBoot = { mode: 'paper', startUs: tape.startUs, instruments: tape.header.instruments, rules: [], recovered: [] };
  const run = RunWriter.create(root, {
    kind: 'engine', mode: 'paper', version: '0.0.0', config, configDigest: digestOf(config), boot: JSON.parse(JSON.stringify(boot)) as never, tape: tape.header,
    ...(idMarks === undefined ? {} : { idMarks }),
  // What it takes to deflate is most of what such a run takes.
  }, { compress: false, ...options });
  const session = new EngineSession({
    startUs: boot.startUs, tree: (onKernel) => engineTree(boot, config, onKernel),
    onAsked: (line, digest) => run.effect(line, digest),
    effects: { decision: ({ line, journal }) => run.decision(line, journal.digest) },
  });
  const F = tape.F.slice();
  const batch: RecordBatch = { F, I: new Int32Array(F.buffer), length: tape.records };
  for (let at = 0; at < tape.records; at += piece) {
    const to = Math.min(tape.records, at + piece);
    rotateWhenDue(run, session);
    run.append(batch, at, to);
    session.records(batch, at, to);
    for (const [records, input] of inputs) {
      if (records < at || records >= to) continue;
      session.input(session.clockUs, run.input(session.clockUs, input) as never);
    }
    for (const [records, { method, params }] of changes) {
      if (records < at || records >= to) continue;
      // The host hears of it when the verb has been carried out.
      repeatChange(session.runtime, method, params);
      run.mark(session.clockUs, { mark: 'control', method, params });
      session.advanceTo(session.clockUs);
    }
    // Time passes where nothing comes, up to shortly before what comes next.
    if (to < tape.records) session.advanceTo(Math.max(session.clockUs, F[to * WORDS_F + RECV_US]! - 1));
    if (!dies(to, run)) continue;
    run.abort();
    return run.folder;
  }
  session.advanceTo(session.clockUs + 60_000_000);
  run.close(session.clockUs, { code: 0, reason: 'stop' });
  return run.folder;
}
