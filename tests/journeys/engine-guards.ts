import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Decision, EngineScene } from '../support/engine-scene.js';
import { assertProven, control, proven, type Seen, some } from '../support/journal-proof.js';

/** Each guard's trip and release on a whole engine, by the journal's lines in their order; not in npm test, where the parts are tried by themselves. */
const WANTED = process.env['FAULTLINE_ENGINE_SCENARIOS'] ?? '';
const TIMEOUT = { timeout: 300_000 };

const breaker = (name: string, from: string, to: string, cause: RegExp): Seen =>
  some('control', (data) => data['breaker'] === name && data['from'] === from && data['to'] === to && cause.test(String(data['cause'])));
const limits = (to: string, cause: RegExp): Seen => some('control', (data) => data['limits'] !== undefined && data['to'] === to && cause.test(String(data['cause'])));
const pause = (gap: boolean): Seen => some('pause', (data) => String(data['pauses']).split('+').includes('gap') === gap);
const risk = (guard: string, on: boolean): Seen => control('risk', (data) => data['guard'] === guard && data['on'] === on);

const BREAKERS = ['order', 'cancel', 'account', 'session'];
const circuit = (name: string): readonly Seen[] => [
  breaker(name, 'closed', 'open', /failures? in a row|calls failed.*-1008/), breaker(name, 'open', 'halfOpen', /its time is over/), breaker(name, 'halfOpen', 'closed', /probes succeeded/),
];

for (const product of ['usdm', 'spot'] as const) {
  if (WANTED !== 'all' && WANTED !== 'guards' && WANTED !== product) continue;
  describe(`guards of an engine on ${product}`, () => {
    let scene: EngineScene;
    /** What has to do with the venue's calls, of the whole run; the record has the same. */
    const edges = (lines: readonly Decision[]): unknown[] =>
      lines.filter(({ kind, data }) => kind === 'control' && (data['breaker'] !== undefined || data['limits'] !== undefined)).map(({ data }) => [data['breaker'] ?? 'limits', data['to'], data['cause']]);

    before(async () => {
      // An entry is worth some 500, what somebody buys by hand 600.
      scene = await EngineScene.open({ product, config: '\n[engine.limits]\nmaxSymbolNotional = "900"\n' });
      await scene.start();
      await scene.trades(0);
    }, TIMEOUT);
    after(() => scene.close());

    /** Whether the detector says that a gap pauses it. */
    const paused = (lines: readonly Decision[]): boolean => {
      const last = lines.findLast(({ kind }) => kind === 'pause');
      return last !== undefined && pause(true)(last);
    };
    let gap = { pausedUs: 0, liftedUs: 0 };

    /** Plays a script until the journal says the first part, ends it, and waits until it says all; then the engine trades. */
    async function played(script: string, changes: Readonly<Record<string, string>>, trip: readonly Seen[], whole: readonly (readonly Seen[])[]): Promise<readonly Decision[]> {
      const from = scene.decisions().length;
      scene.trouble(script, changes);
      await scene.until(() => proven(scene.decisions(from), trip), `${script}: the trip`);
      scene.opened.exchange.troubles.stopAll();
      await scene.until(() => whole.every((proof) => proven(scene.decisions(from), proof)), `${script}: the release`).catch((error: unknown) => {
        for (const proof of whole) assertProven(scene.decisions(from), proof);
        throw error;
      });
      await scene.trades(scene.decisions().length);
      return scene.decisions(from);
    }

    test('circuit breaker: failures open it, its time half-opens it, probes close it', TIMEOUT, async () => {
      const from = scene.decisions().length;
      const report = scene.trouble('engine-restart', { '20s': '12s' });
      await scene.until(() => !report().running, 'the venue works again');
      await scene.until(() => BREAKERS.some((name) => proven(scene.decisions(from), circuit(name))), 'a breaker has opened and closed').catch((error: unknown) => {
        assertProven(scene.decisions(from), circuit('order'));
        throw error;
      });
      await scene.trades(scene.decisions().length);
    });

    test('gap pause: diffs that do not follow pause the detector, a snapshot that fits ends it', TIMEOUT, async () => {
      // What an earlier trouble paused is held for a while.
      await scene.until(() => !paused(scene.decisions()), 'no pause is held');
      const lines = await played('engine-restart', { '20s': '2s' }, [pause(true)], [[pause(true), pause(false)]]);
      const of = (gap: boolean): number => lines.find(pause(gap))!.atUs;
      gap = { pausedUs: of(true), liftedUs: lines.find((line) => line.atUs > of(true) && pause(false)(line))!.atUs };
    });

    test('rate limit: 429 blocks until the time that the venue gave, and a ban does', TIMEOUT, async () => {
      const over = limits('free', /the time that the venue gave is over/);
      await played('rate-limit-then-ban', { '2m': '10s' }, [limits('blocked', /over the limit \(429/)], [[limits('blocked', /over the limit \(429/), over]]);
      await played('ban', { '2m': '10s' }, [limits('banned', /banned \(418/)], [[limits('banned', /banned \(418/), over]]);
    });

    test('UNKNOWN: an answer that is missing blocks the instrument until the venue has told what became of the order', TIMEOUT, async () => {
      const trip: readonly Seen[] = [
        control('unanswered', (data) => data['step'] === 'place' && /-1007/.test(String(data['cause']))), control('order', (data) => data['to'] === 'unknown'), risk('unknown_order', true),
      ];
      for (const script of ['order-timeout-accepted', 'order-timeout-lost']) {
        // A stream that tells in time leaves nothing in doubt.
        scene.trouble('fills-lost');
        const told = /^the venue (has told of|knows nothing of)/;
        const lines = await played(script, {}, trip, [[...trip, control('order', (data) => data['from'] === 'unknown' && told.test(String(data['cause']))), risk('unknown_order', false)]]);
        // Between the two nothing was let through.
        let blocked = false;
        for (const { data, kind } of lines) {
          if (data['control'] === 'risk' && data['guard'] === 'unknown_order') blocked = data['on'] === true;
          assert.ok(!(blocked && kind === 'order' && data['purpose'] === 'entry'), `opened while in doubt: ${JSON.stringify(data)}`);
        }
      }
    });

    test('risk gate: what others hold reaches the limit, entries are refused, and let through when it is gone', { ...TIMEOUT, skip: product === 'spot' ? 'on spot what others hold is no exposure of ours' : false }, async () => {
      const refused = some('refusal', (data) => data['reason'] === 'symbol_exposure');
      const byHand = (side: string): string => `summary = "Somebody trades by hand."\n\n[[step]]\ndo = "place-order"\nproduct = "${product}"\nside = "${side}"\nquantity = "0.010"\n`;
      const from = scene.decisions().length;
      scene.script('bought', byHand('BUY'));
      await scene.until(() => proven(scene.decisions(from), [refused, refused]), 'entries are refused');
      const at = scene.decisions().length;
      scene.script('sold', byHand('SELL'));
      await scene.trades(at);
      assertProven(scene.decisions(from), [refused, some('order', (data) => data['purpose'] === 'entry'), some('trade', () => true)]);
    });

    test('the record has every trip and release of breakers and limits, with its cause, in the order of the journal', TIMEOUT, async () => {
      await scene.settle();
      await scene.end();
      const rows = [...await scene.recorded('breakers')].sort((a, b) => a.seq - b.seq).map(({ row }) => [row['breaker'], row['to'], row['cause']]);
      const said = edges(scene.decisions());
      assert.ok(said.length >= 6, `${said.length} edges`);
      assert.deepEqual(rows, said);
      // The break of the book was before the pause that it caused, and the snapshot before its end.
      const books = [...await scene.recorded('transitions')].filter(({ key }) => key.startsWith(`book ${product} `)).sort((a, b) => a.seq - b.seq).map(({ row }) => row as { readonly to: string; readonly cause: string; readonly atUs: number });
      const broke = books.findLastIndex(({ to, atUs }) => to === 'GAP' && atUs <= gap.pausedUs);
      assert.ok(broke >= 0, JSON.stringify(books));
      assert.match(books[broke]!.cause, /do not follow/);
      const fits = books.find(({ to }, at) => at > broke && to === 'LIVE');
      assert.ok(fits !== undefined && fits.atUs <= gap.liftedUs && /snapshot/.test(fits.cause), JSON.stringify(books));
    });
  });
}
