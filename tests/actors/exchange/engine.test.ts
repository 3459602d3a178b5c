import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AuditedVenue, type Engine, outlivesCrashes } from '../../../actors/exchange/engine.js';
import { accountId } from '../../../actors/exchange/ids.js';
import { amount, asset, Ledger } from '../../../actors/exchange/ledger/index.js';

interface Bench extends Engine<AuditedVenue> {
  readonly market: { nextUs: number; step(): void };
}

describe('the venue of an engine that crashes', () => {
  const opening = (): { readonly open: () => Engine<AuditedVenue>; readonly made: Bench[]; readonly lost: string[] } => {
    const made: Bench[] = [];
    const lost: string[] = [];
    const open = outlivesCrashes(() => {
      const ledger = new Ledger();
      ledger.open(accountId(1000));
      ledger.mint(accountId(1000), asset('BTC'), amount(5n));
      const bench: Bench = { venue: { ledger, markets: [], nextUs: 100, advance: () => undefined }, market: { nextUs: 10, step: () => undefined } };
      made.push(bench);
      return bench;
    }, (defect) => lost.push(defect));
    return { open: () => open(0), made, lost };
  };

  test('lives on as long as something happens between crashes', () => {
    const { open, made, lost } = opening();
    const first = open();
    for (let crash = 0; crash < 100; crash++) {
      assert.equal(open(), first);
      if (crash % 4 === 0) made[0]!.market.nextUs += 1;
    }
    assert.deepEqual(lost, []);
  });

  test('begins anew when one life after the other ends at one point, and lives on again', () => {
    const { open, made, lost } = opening();
    const first = open();
    for (let crash = 0; crash < 5; crash++) assert.equal(open(), first);
    const second = open();
    assert.notEqual(second, first);
    assert.deepEqual(lost, ['it has crashed 6 times at one point']);
    for (let crash = 0; crash < 5; crash++) assert.equal(open(), second);
    assert.equal(made.length, 2);
  });

  test('begins anew when money came from nowhere', () => {
    const { open, made, lost } = opening();
    const first = open();
    (made[0]!.venue.ledger.supply() as Map<unknown, unknown>).set(asset('BTC'), amount(4n));
    assert.notEqual(open(), first);
    assert.deepEqual(lost, ['all accounts together have 0.00000005 BTC, not 0.00000004']);
  });
});
