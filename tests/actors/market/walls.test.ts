import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BookSide } from '../../../actors/market/book-side.js';
import { Walls } from '../../../actors/market/walls.js';
import { DEFAULT_INDICATOR_PARAMS } from '../../../config/indicators.js';
import type { IndicatorParams } from '../../../config/indicators.js';
import { median } from './reference/seconds.js';

const PARAMS: IndicatorParams = { ...DEFAULT_INDICATOR_PARAMS, wallSampleMs: 250, spoofWithinMs: 2000 };
const SCALE = { obiLevels: 10, depthLevels: 20, perTick: 0.5, flat: 1 };
const slot = new Float64Array(1);

interface Sample { us: number; lots: number; traded: number }
interface Followed { price: number; traded: number; history: Sample[]; lastWall: number }

/** FORMULAS 4.2.8 with objects: at most four walls, followed while they are walls within the window. */
class SlowWalls {
  readonly followed: Followed[] = [];
  wall = false;
  spoofs = 0;

  sample(us: number, levels: ReadonlyMap<number, number>): void {
    const kept: Followed[] = [];
    for (const f of this.followed) {
      const now = levels.get(f.price) ?? 0;
      // The ring of the kernel holds this many samples.
      const seen = f.history.slice(-9).filter((s) => s.us >= us - 2_000_000);
      const most = Math.max(0, ...seen.map((s) => s.lots));
      const at = seen.findLast((s) => s.lots === most && s.lots > 0);
      const lost = most - now;
      if (at !== undefined && lost >= 0.5 * most) {
        if (f.traded - at.traded < 0.2 * lost) this.spoofs += 1;
        continue;
      }
      f.history.push({ us, lots: now, traded: f.traded });
      if (now > 0 && f.history.length - f.lastWall <= 9) kept.push(f);
    }
    this.followed.length = 0;
    this.followed.push(...kept);
    const top = [...levels].sort((a, b) => b[0] - a[0]).slice(0, 20);
    const worth = top.map(([p, q]) => q * (p * 0.5 + 1));
    const limit = 3 * median(worth);
    this.wall = false;
    top.forEach(([price, lots], i) => {
      if (!(worth[i] > limit)) return;
      this.wall = true;
      const known = this.followed.find((f) => f.price === price);
      if (known !== undefined) known.lastWall = known.history.length;
      else if (this.followed.length < 4) this.followed.push({ price, traded: 0, history: [{ us, lots, traded: 0 }], lastWall: 1 });
    });
  }
}

test('walls and suspected spoofs equal the reference under any sequence of changes, trades and samples', () => {
  const step = fc.record({
    price: fc.integer({ min: 980, max: 1000 }),
    lots: fc.constantFrom(0, 10, 11, 12, 60, 80, 100, 35),
    traded: fc.constantFrom(0, 0, 0, 5, 40),
    waitMs: fc.constantFrom(0, 0, 100, 250, 300, 900),
  });
  const seen = { walls: 0, spoofs: 0 };
  fc.assert(fc.property(fc.array(step, { minLength: 60, maxLength: 200, size: 'max' }), (steps) => {
    const side = new BookSide(true, 1024, SCALE);
    const walls = new Walls(PARAMS, 20, SCALE.perTick, SCALE.flat);
    const slow = new SlowWalls();
    const levels = new Map<number, number>();
    for (let p = 980; p <= 1000; p += 1) {
      slot[0] = 10;
      side.set(p, slot, 0);
      levels.set(p, 10);
    }
    let us = 1e15;
    for (const { price, lots, traded, waitMs } of steps) {
      slot[0] = lots;
      side.set(price, slot, 0);
      if (lots === 0) levels.delete(price);
      else levels.set(price, lots);
      if (traded > 0) {
        slot[0] = traded;
        if (price >= walls.low && price <= walls.high) walls.trade(price, slot, 0);
        for (const f of slow.followed) if (f.price === price) f.traded += traded;
      }
      us += waitMs * 1000;
      if (waitMs < 250) continue;
      walls.nowUs = us;
      const before = walls.spoofs;
      walls.sample(side);
      slow.sample(us, levels);
      assert.equal(walls.wall, slow.wall);
      assert.equal(walls.spoofs, slow.spoofs);
      assert.equal(walls.spoof, walls.spoofs > before);
      assert.equal(walls.followed, slow.followed.length);
      if (walls.wall) seen.walls += 1;
    }
    seen.spoofs += walls.spoofs;
  }), { numRuns: 150 });
  assert.ok(seen.walls > 500 && seen.spoofs > 50, JSON.stringify(seen));
});
