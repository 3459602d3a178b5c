import { z } from 'zod';
import { UiError, type UiPart } from '../server/host.js';
import type { MachineNews } from '../wire/chart.js';
import { MachineFeed } from './chart/feed.js';
import { Geometries } from './chart/geometries.js';
import { isChart } from './chart/model.js';
import { viewOf } from './chart/view.js';
import { flightOf, machinesOf, machineThen } from './time.js';
import { SharedThings } from './tree/shared.js';

const source = z.string().max(200);
const path = z.string().min(1).max(1024).regex(/^\//, 'a path begins with /');
const digest = z.string().regex(/^[0-9a-f]{1,64}$/);

/** Actors as state machines: how their charts are drawn, and where they stand in them, now or at a moment of a run. */
export const chartPart: UiPart = (host) => {
  const { sources } = host;
  const geometries = new Geometries();
  const feeds = new SharedThings<MachineFeed>();
  host.onClose(() => geometries.close());

  host.query('chart', z.strictObject({ digest }), ({ digest: of }) => geometries.of(of));

  host.topic('machine', z.strictObject({ source, path }), 'latest', ({ source: id, path: at }, push) => {
    if (!id.startsWith('process:') || sources.info(id) === undefined) throw new UiError(404, `'${id}' is not a process that is known here: choose one of the list`);
    const { one, leave } = feeds.take(`${id} ${at}`, () => new MachineFeed(sources, id, at, geometries));
    const stop = one.listen((news) => {
      push(news);
      // Whoever records the process has it from here: a probe of its own would cost it more.
      if (news.kind === 'view') flightOf(host, id)?.heard(news.view);
    });
    return () => {
      stop();
      leave();
    };
  });

  host.query('chart/past', z.strictObject({ source, path, at: z.string().max(100) }), async ({ source: id, path: of, at: key }): Promise<MachineNews> => {
    const flight = flightOf(host, id);
    if (flight !== undefined) {
      const view = await machineThen(flight, key, of);
      return view === null ? { kind: 'gone', reason: 'what it did is recorded while its chart is open, and it was not open then' } : { kind: 'view', view };
    }
    const withMachine = machinesOf(host);
    if (withMachine === undefined) throw new UiError(404, 'this window cannot travel in time: go back to now');
    const reading = await withMachine((machine) => machine.machine(of, undefined, key), id);
    if (reading === null) return { kind: 'gone', reason: `there was no actor at ${of} then` };
    if (reading.digest !== null && isChart(reading.chart)) geometries.learn(reading.digest, reading.chart!);
    return { kind: 'view', view: viewOf(reading) };
  });
};
