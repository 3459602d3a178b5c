import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT_CODES } from '../../../tools/cli/errors.js';
import { type Books, type Life, Stage } from '../../../tools/engine-sweep/stage.js';
import { ownAccount } from '../../../tools/engine-sweep/verdict.js';
import { PATIENCE_MS, within } from '../../../tools/process/children.js';

// A real engine on a real disk that is full: a file system in memory where one can be mounted, else a limit on the size of files, which the kernel holds in the same calls.

const DISK_KIB = 96 * 1024;
/** Far more than the market sells at the best price: some of the entry fills, the rest works; where all or nothing does, the strategy soon begins anew. */
const config = (whenRecordFails: 'hold' | 'flatten'): string => `
[trading]
strategy = "eager"
[trading.eager]
orderType = "limit"
equityShare = 1.0
timeToLiveMs = 5000
holdMs = 20000
[trading.account]
defaultStartingBalance = "2000000"
[indicators]
warmupSamples = 1
[engine.symbols]
usdm = ["BTCUSDT"]
[engine.run]
tapeRecords = 65536
keepTapeMiB = 16
leastFreeMiB = 0
[engine.risk]
whenRecordFails = "${whenRecordFails}"
`;

interface Disk {
  /** Whether the process's log, which lies elsewhere, can be written all the same. */
  readonly logs: boolean;
  /** Takes what is left of it, so that the process can write no more. */
  fill(pid: number): void;
  free(): void;
  remove(): void;
}

function smallDisk(folder: string): Disk | null {
  mkdirSync(folder, { recursive: true });
  if (process.getuid?.() === 0 && spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_KIB}k`, 'tmpfs', folder], { stdio: 'ignore' }).status === 0) {
    const filler = join(folder, 'filler');
    return {
      logs: true,
      fill: () => fillUp(filler),
      free: () => rmSync(filler, { force: true }),
      remove: () => void spawnSync('umount', [folder], { stdio: 'ignore' }),
    };
  }
  if (spawnSync('prlimit', ['--version'], { stdio: 'ignore' }).status !== 0) return null;
  return {
    logs: false,
    fill: (pid) => assert.equal(spawnSync('prlimit', ['--pid', String(pid), '--fsize=1'], { stdio: 'ignore' }).status, 0),
    free: () => {},
    remove: () => {},
  };
}

/** Until the kernel refuses a single byte. */
function fillUp(file: string): void {
  const descriptor = openSync(file, 'a');
  try {
    for (let size = 1 << 20; size >= 1;) {
      try {
        writeSync(descriptor, Buffer.alloc(size));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
        size >>= 1;
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

/** What is the engine's at the venue. */
function own(usdm: Books): { readonly position: number; readonly entries: number; readonly covered: number; readonly bought: readonly number[] } {
  const account = ownAccount(usdm);
  const ours = <T extends { readonly account: number }>(list: readonly T[]): readonly T[] => list.filter((each) => each.account === account);
  return {
    position: ours(usdm.positions).reduce((sum, { positionAmt }) => sum + Number(positionAmt), 0),
    entries: ours(usdm.openOrders).length,
    covered: ours(usdm.openAlgoOrders).reduce((sum, { side, quantity }) => sum + (side === 'SELL' ? Number(quantity) : -Number(quantity)), 0),
    bought: [...ours(usdm.orders), ...ours(usdm.openOrders)].map(({ orderId }) => orderId).sort((a, b) => a - b),
  };
}

async function trading(stage: Stage, life: Life): Promise<ReturnType<typeof own>> {
  for (const endMs = performance.now() + PATIENCE_MS; performance.now() < endMs; await sleep(50)) {
    assert.equal(life.child.exitCode, null, life.said());
    const now = own(await stage.books('all'));
    if (now.position > 0 && now.entries > 0 && now.covered > 0) return now;
  }
  throw new Error(`no position with a stop and an entry that works: ${JSON.stringify(own(await stage.books('all')))} ${JSON.stringify(await stage.status())}`);
}

test('a full disk ends an engine with 11: entries are withdrawn, the position is held behind its stop, or closed', { timeout: 600_000 }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'flfull-'));
  const disk = smallDisk(join(folder, 'disk'));
  if (disk === null) {
    rmSync(folder, { recursive: true, force: true });
    return context.skip('no file system can be mounted, and there is no prlimit');
  }
  const stage = await Stage.open(join(folder, 'stage'), '7', { varFolder: join(folder, 'disk/var') });
  try {
    for (const how of ['flatten', 'hold'] as const) {
      stage.configure(config(how));
      const life = stage.begin(null, false);
      assert.ok(await within(life.ready, 'the engine'), life.said());
      const before = await trading(stage, life);
      disk.fill(life.child.pid!);
      const { code } = await within(life.ended, 'its end');
      assert.equal(code, EXIT_CODES.journalFailed.code, `${how}: ${life.said()}`);
      const after = own(await stage.books('all'));
      assert.equal(after.entries, 0, `${how}: entries are withdrawn`);
      if (how === 'hold') {
        assert.ok(after.position >= before.position, 'the position is held');
        assert.ok(after.covered >= after.position, `behind its stop: ${JSON.stringify(after)}`);
        assert.deepEqual(after.bought.filter((id) => !before.bought.includes(id)), [], 'nothing new is sent');
      } else {
        assert.deepEqual([after.position, after.covered], [0, 0], 'the position is closed, and nothing is left that would reduce');
      }
      if (disk.logs) {
        const log = readFileSync(join(stage.folder, 'log/engine.log'), 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as { readonly event: string; readonly pid: number });
        const events = log.filter(({ pid }) => pid === life.child.pid).map(({ event }) => event);
        assert.ok(events.includes('store.failed') || events.includes('run.failed'), `${how}: ${events.join()}`);
        assert.ok(events.includes('process.end'));
      }
      disk.free();
    }
  } finally {
    await stage.close();
    disk.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});
