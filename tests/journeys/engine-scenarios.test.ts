import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Decision, EngineScene } from '../support/engine-scene.js';
import { control, proven, type Seen, some } from '../support/journal-proof.js';

/** `all`, `usdm` or `spot`: every scenario, of both products or of one; otherwise a handful of them. */
const WANTED = process.env['FAULTLINE_ENGINE_SCENARIOS'] ?? '';
const wanted = (product: 'usdm' | 'spot'): boolean => WANTED === 'all' || WANTED === product;
/** Of those, the ones whose script's name has this in it. */
const ONLY = process.env['FAULTLINE_ENGINE_SCENARIO'] ?? '';
const TIMEOUT = { timeout: 300_000 };
/** How long a trouble is watched when it does not end by itself and nothing of it need be seen, ms. */
const WATCH_MS = 3000;

interface Scenario {
  readonly no: number;
  readonly script: string;
  /** Words of the script that are changed, so that nobody waits for hours. */
  readonly changes?: Readonly<Record<string, string>>;
  /** Also tried by `npm test`. */
  readonly always?: boolean;
  /** It does something to a position, so one must be open: started again until it has. */
  readonly strikes?: boolean;
  /** The engine is to avoid what the script hits. */
  readonly missed?: boolean;
  /** Another trouble with it, without which it would meet nobody. */
  readonly also?: string;
  /** What the journal must say, in this order. */
  readonly proof?: readonly Seen[];
  /** Lots of somebody else's in the account afterwards. */
  readonly position?: number;
}

const gone = (reason: RegExp): Seen => control('gone', (data) => reason.test(String(data['reason'])));
const truth = (freshness: string, reasons = /./): Seen => control('truth', (data) => data['freshness'] === freshness && (freshness === 'fresh' || reasons.test(String(data['reasons']))));
const stream = (to: string): Seen => some('control', (data) => data['userStream'] !== undefined && data['to'] === to);
const streamAgain: readonly Seen[] = [stream('down'), truth('stale', /user stream/), stream('live'), truth('fresh')];

const USDM: readonly Scenario[] = [
  { no: 1, script: 'ack-after-fill' },
  { no: 2, script: 'order-bad-gateway' },
  { no: 2, script: 'order-timeout-accepted', always: true },
  { no: 2, script: 'order-timeout-lost' },
  { no: 3, script: 'cancel-timeout-filled' },
  { no: 4, script: 'fill-twice' },
  { no: 5, script: 'fills-in-disconnect', changes: { '20s': '5s' }, proof: streamAgain },
  { no: 5, script: 'fills-lost', changes: { '30s': '8s' }, always: true },
  { no: 6, script: 'listen-key-dies', proof: streamAgain },
  { no: 6, script: 'listen-key-expires', proof: streamAgain },
  { no: 7, script: 'user-stream-flap', changes: { '1m': '8s' }, proof: streamAgain },
  { no: 8, script: 'cancels-stall', changes: { '16h': '8s', '30s': '3s' } },
  { no: 10, script: 'flat-unseen', strikes: true, proof: [gone(/./)] },
  { no: 13, script: 'auto-deleveraging', strikes: true, always: true, proof: [gone(/^adl$/)] },
  { no: 13, script: 'liquidation', strikes: true, proof: [gone(/^liquidation$/)] },
  { no: 13, script: 'settlement', strikes: true, proof: [gone(/^settlement$/)] },
  { no: 14, script: 'engine-restart', changes: { '20s': '5s' } },
  { no: 14, script: 'snapshot-old', also: 'day-is-over' },
  { no: 14, script: 'snapshot-shallow', also: 'day-is-over' },
  { no: 14, script: 'snapshot-slow', also: 'day-is-over' },
  { no: 15, script: 'missing-delete', changes: { '1m': '10s' } },
  { no: 16, script: 'latency-grows', changes: { '200ms': '10s' } },
  { no: 16, script: 'sync-fails', changes: { '10m': '10s' }, also: 'day-is-over' },
  { no: 17, script: 'client-id-collides' },
  { no: 18, script: 'conditional-orders-moved', missed: true, proof: [control('protected')] },
  { no: 19, script: 'stop-refused', always: true, proof: [control('protect'), control('unprotected_close'), control('unprotected_closed')] },
  { no: 20, script: 'clock-skew', changes: { '1m': '6s' } },
  { no: 21, script: 'ban', changes: { '2m': '10s' } },
  { no: 21, script: 'rate-limit-then-ban', changes: { '2m': '10s' } },
  { no: 22, script: 'both-sockets-drop', changes: { '5s': '3s' }, proof: streamAgain },
  { no: 22, script: 'day-is-over', proof: streamAgain },
  { no: 22, script: 'server-shutdown', changes: { '10m': '5s' } },
  // Last: what it leaves stays.
  { no: 12, script: 'manual-order', position: 10 },
];

/** The venue closes no spot position, knows no legs and has no listen keys: 6 is its stream that says nothing, 10 is coins that somebody else sold unseen. */
const SPOT: readonly Scenario[] = [
  { no: 1, script: 'ack-after-fill' },
  { no: 2, script: 'order-bad-gateway' },
  { no: 2, script: 'order-timeout-accepted' },
  { no: 2, script: 'order-timeout-lost' },
  // A stop is withdrawn by the call that sells what it held.
  { no: 3, script: 'cancel-timeout-filled', changes: { '"cancel"': '"order"\nname = "cancelReplace"' } },
  { no: 4, script: 'fill-twice' },
  { no: 5, script: 'fills-in-disconnect', changes: { '20s': '5s' }, proof: streamAgain },
  { no: 5, script: 'fills-lost', changes: { '30s': '8s' } },
  { no: 6, script: 'silent-user-stream', changes: { '5m': '20s' } },
  { no: 7, script: 'user-stream-flap', changes: { '1m': '8s' }, proof: streamAgain },
  { no: 8, script: 'cancels-stall', changes: { '16h': '8s', '30s': '3s', '"cancel"': '"order"\nname = "cancelReplace"' } },
  { no: 14, script: 'engine-restart', changes: { '20s': '5s' } },
  { no: 14, script: 'snapshot-old', also: 'day-is-over' },
  { no: 14, script: 'snapshot-shallow', also: 'day-is-over' },
  { no: 14, script: 'snapshot-slow', also: 'day-is-over' },
  { no: 15, script: 'missing-delete', changes: { '1m': '10s' } },
  { no: 16, script: 'latency-grows', changes: { '200ms': '10s' } },
  { no: 16, script: 'sync-fails', changes: { '10m': '10s' }, also: 'day-is-over' },
  { no: 17, script: 'client-id-collides' },
  { no: 18, script: 'conditional-orders-moved', missed: true, proof: [control('protected')] },
  { no: 19, script: 'stop-refused', changes: { '"algo-order"': '"order"\nproduct = "spot"\ntype = "STOP"', '-2021': '-2010', 'Order would immediately trigger.': 'Stop price would trigger immediately.' }, proof: [control('protect'), control('unprotected_close'), control('unprotected_closed')] },
  { no: 20, script: 'clock-skew', changes: { '1m': '6s' } },
  { no: 21, script: 'ban', changes: { '2m': '10s' } },
  { no: 21, script: 'rate-limit-then-ban', changes: { '2m': '10s' } },
  { no: 22, script: 'both-sockets-drop', changes: { '5s': '3s' }, proof: streamAgain },
  { no: 22, script: 'day-is-over', proof: streamAgain },
  { no: 22, script: 'server-shutdown', changes: { '10m': '5s' } },
  { no: 10, script: 'flat-unseen', changes: { '"usdm"': '"spot"', '"close-position"': '"place-order"\nside = "SELL"\nquantity = "0.02"' } },
  { no: 12, script: 'manual-order' },
];

/** Plays one: the trouble, what the journal says of it, trades after it, and the books compared. */
async function play(scene: EngineScene, { script, changes, strikes = false, missed = false, also, proof, position }: Scenario): Promise<void> {
  const from = scene.decisions().length;
  const since = (): readonly Decision[] => scene.decisions(from);
  if (strikes) {
    // Positions last for moments: it may come when there is none.
    await scene.until(async () => {
      await scene.until(() => scene.holds(), 'a position is open');
      scene.trouble(script, changes);
      const done = await scene.within(WATCH_MS, () => proven(since(), proof ?? []));
      scene.opened.exchange.troubles.stopAll();
      return done;
    }, `${script} has struck`);
  } else {
    const report = scene.trouble(script, changes);
    if (also !== undefined) scene.trouble(also);
    const hits = (): number => report().steps.reduce((sum, step) => sum + step.hits, 0);
    // On a busy machine one that is over soon may meet nobody.
    const again = (): boolean => hits() > 0 || (!report().running && scene.trouble(script, changes) === undefined);
    if (!missed) await scene.until(again, 'something is hit');
    if (proof !== undefined) await scene.until(() => proven(since(), proof), 'the journal says so');
    // It is over, or a trade has gone through the midst of it.
    const met = scene.decisions().length;
    await scene.within(WATCH_MS, () => !report().running || (changes === undefined && scene.decisions(met).some(({ kind }) => kind === 'trade')));
    if (missed) assert.equal(hits(), 0);
    scene.opened.exchange.troubles.stopAll();
  }
  await scene.trades(scene.decisions().length);
  if (script === 'manual-order' || script === 'flat-unseen') scene.othersTrade();
  await scene.settle(position);
}

function scenarios(name: string, list: readonly Scenario[], product: 'usdm' | 'spot'): void {
  const chosen = list.filter(({ always = false, script }) => (wanted(product) ? script.includes(ONLY) : WANTED === '' && always));
  if (chosen.length === 0) return;
  describe(`an engine ${name} meets the venue's troubles`, () => {
    let scene: EngineScene;
    before(async () => {
      scene = await EngineScene.open({ product });
      await scene.start();
      await scene.trades(0);
    }, TIMEOUT);
    after(() => scene.close());
    for (const scenario of chosen) test(`${scenario.no} ${scenario.script}`, TIMEOUT, async () => {
        await play(scene, scenario);
        // One run meets the handful of npm test; otherwise each has its own, which decides the same again.
        if (WANTED !== '') await scene.next();
      });
    test('no fill is lost or booked twice, and the run decides the same again', TIMEOUT, () => scene.end());
  });
}

scenarios('on USD-M', USDM, 'usdm');
scenarios('on spot', SPOT, 'spot');

if (wanted('usdm') && ONLY === '') {
  describe('an engine meets an account that is not as it was', () => {
    test('11 hedge-both: two legs of others, and ours beside them', TIMEOUT, async () => {
      const scene = await EngineScene.open();
      try {
        await scene.start();
        await scene.trades(0);
        await scene.flat();
        const report = scene.trouble('hedge-both');
        await scene.until(() => !report().running, 'the account has both legs');
        await scene.command('refresh');
        await scene.command('resume');
        await scene.trades(scene.decisions().length, 2);
        await scene.settle(30 - 20);
        const own = (await scene.venue()).orders.filter(({ clientOrderId = '' }) => clientOrderId.startsWith('fl-')).slice(-2);
        assert.deepEqual(own.map((order) => (order as unknown as { readonly positionSide: string }).positionSide), ['LONG', 'LONG']);
        await scene.end();
      } finally {
        await scene.close();
      }
    });

    test('9 fills-forgotten: a position that no list of trades explains, and a restart with it', TIMEOUT, async () => {
      const scene = await EngineScene.open();
      try {
        await scene.start();
        await scene.trades(0);
        await scene.flat();
        scene.forgotten = true;
        const report = scene.trouble('fills-forgotten');
        await scene.until(() => !report().running, 'the fills are forgotten');
        await scene.restart();
        await scene.command('resume');
        await scene.trades(0);
        await scene.settle(50);
        await scene.end();
      } finally {
        await scene.close();
      }
    });
  });
}

if (wanted('spot') && ONLY === '') {
  test('9 on spot: a crash in the midst of a trade, three times', TIMEOUT, async () => {
    const scene = await EngineScene.open({ product: 'spot' });
    try {
      await scene.start();
      for (let round = 0; round < 3; round += 1) {
        await scene.trades(0);
        await scene.until(async () => (await scene.status()).trading.open.length > 0, 'a trade is open');
        await scene.crash();
        await scene.until(() => scene.decisions().some(({ kind, data }) => kind === 'trade' && data['exitReason'] === 'restart'), 'the next run has closed it');
        await scene.settle();
      }
      await scene.end();
    } finally {
      await scene.close();
    }
  });
}

// No file of their own: npm test would start a process for each, which has nothing to do there.
if (WANTED !== '') {
  await import('./engine-guards.js');
  await import('./engine-options.js');
}
