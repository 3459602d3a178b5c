import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AnyStateMachine } from 'xstate';
import { detectorMachine } from '../../../../actors/detector/machine.js';
import { chartOfMachine } from '../../../../runtime/index.js';
import { openWindow } from '../../../../tools/ui/serve.js';
import type { MachineNews } from '../../../../tools/ui/wire/chart.js';
import type { SourceList } from '../../../../tools/ui/wire/sources.js';
import { generatedTape, writeTape } from '../../../support/replay-tape.js';
import { scratch } from '../../runs/record.js';

const market = generatedTape({ scenario: 'flash-crash', seed: 7, minutes: 4, symbols: 1, rate: 0.01 });
const DETECTOR = '/market/detectors/BTCUSDT';

test('a machine as it stood at an instant of a recording, with its chart and what led there', async (t) => {
  const root = scratch(t);
  const tape = join(root, 'market.tape');
  writeTape(market, tape);
  const window = await openWindow({ port: 0, tapes: [tape], env: { ...process.env, FAULTLINE_VAR_DIR: root, FAULTLINE_RUN_DIR: join(root, 'none') } });
  t.after(() => window.close());
  const get = async <T>(path: string, query: Readonly<Record<string, string | number>> = {}): Promise<T> => {
    const asked = await fetch(`${window.origin}/api/${path}?${new URLSearchParams(Object.fromEntries(Object.entries(query).map(([key, value]) => [key, String(value)]))).toString()}`, { headers: { authorization: `Bearer ${window.token}` } });
    const body = await asked.json();
    assert.equal(asked.status, 200, JSON.stringify(body));
    return body as T;
  };
  const { sources } = await get<SourceList>('sources');
  const source = sources.find(({ kind }) => kind === 'tape')!.id;
  const viewAt = async (target: Readonly<Record<string, string | number>>) => {
    const { key } = await get<{ key: string }>('time/seek', { source, ...target });
    const news = await get<MachineNews>('chart/past', { source, path: DETECTOR, at: key });
    assert.ok(news.kind === 'view', JSON.stringify(news));
    const { value } = await get<{ value: { value: unknown; context: { state: string } } }>('time/inspect', { source, path: DETECTOR, at: key });
    assert.deepEqual(news.view.value, value.value, 'as inspect has it');
    assert.equal((news.view.context as { state: string }).state, value.context.state);
    return { key, view: news.view };
  };
  const begin = await viewAt({ record: 1 });
  const end = await viewAt({ end: 'true' });
  const again = await viewAt({ record: 1 });
  assert.deepEqual([again.view.value, again.view.context], [begin.view.value, begin.view.context]);
  assert.ok(end.view.events.length > 0, 'what its events did on the way');
  assert.ok(end.view.events.every(({ atUs, outcome }) => atUs <= end.view.atUs && outcome !== 'unexamined'));
  const { digest, model } = chartOfMachine(detectorMachine as unknown as AnyStateMachine);
  assert.equal(end.view.digest, digest);
  for (const { taken } of end.view.events) for (const place of taken) assert.ok(model.transitions[place] !== undefined);
  assert.deepEqual(await get('chart/past', { source, path: '/nobody', at: end.key }), { kind: 'gone', reason: 'there was no actor at /nobody then' });
});
