import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { projectRoot } from '../../cli/run-node.js';
import { STREAMS } from './listed.js';
import { coveragePage, type Mounted } from './page.js';

const PAGE = 'docs/exchange-coverage.md';
/** Seconds of the market in one of the wall's: the slowest stream tells something every three. */
const SPEED = 10;
const PATIENCE_MS = 40_000;

let venue: OpenedExchange;
before(async () => {
  venue = await openExchange({ speed: SPEED });
});
after(() => venue.close());

test('the page of coverage says what is mounted, and names tests that are there', () => {
  const server = (name: string): Mounted['spot'] => venue.exchange.products.find((product) => product.name === name)!.server!()!.mounted;
  const page = coveragePage({ spot: server('spot'), usdm: server('usdm'), options: server('options') });
  if (process.env['FAULTLINE_WRITE'] === '1') writeFileSync(join(projectRoot, PAGE), page);
  const written = readFileSync(join(projectRoot, PAGE), 'utf8').split('\n');
  const stale = 'write it anew: FAULTLINE_WRITE=1 node scripts/run-tests.js exchange/covered';
  for (const product of ['spot', 'usdm', 'options'] as const) {
    const { endpoints, methods } = server(product);
    for (const name of [...endpoints.filter((endpoint) => product === 'spot' || !/ \/(sapi|dapi)\//.test(endpoint)), ...methods]) {
      assert.ok(written.some((line) => line.startsWith(`| \`${name}\` | yes |`)), `${PAGE} lacks ${name}; ${stale}`);
    }
  }
  for (const [, path] of written.join('\n').matchAll(/\]\(\.\.\/(tests\/[^)]+)\)/g)) assert.ok(existsSync(join(projectRoot, path!)), `${PAGE} names ${path}, which is not there; ${stale}`);
  // Where other tests moved, the page is only old; where the exchange changed, it would lie.
  const rows = (text: readonly string[]): readonly string[] => text.filter((line) => line.startsWith('| `')).map((line) => line.split(' | ').slice(0, 2).join(' | '));
  assert.deepEqual(rows(written), rows(page.split('\n')), stale);
});

for (const product of ['spot', 'usdm'] as const) {
  test(`every stream of ${product} that the page lists tells something`, async () => {
    const { ws } = venue.origins[product];
    const silent = new Set(STREAMS[product]);
    const sockets = new Set<WebSocket>();
    let over = false;
    try {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`nothing from ${[...silent].join(', ')}`)), PATIENCE_MS);
        const listen = (path: string): void => {
          const socket = new WebSocket(ws + path);
          sockets.add(socket);
          socket.on('error', reject);
          socket.on('open', () => socket.send(JSON.stringify({ method: 'SUBSCRIBE', params: STREAMS[product], id: 1 })));
          // A reader that a busy machine made slow is dropped, as the venue does it.
          socket.on('close', () => {
            sockets.delete(socket);
            if (!over) listen(path);
          });
          socket.on('message', (data: Buffer) => {
            const { stream } = JSON.parse(data.toString()) as { readonly stream?: string };
            if (stream === undefined || !silent.delete(stream) || silent.size > 0) return;
            clearTimeout(timer);
            resolve();
          });
        };
        for (const path of product === 'spot' ? ['/stream'] : ['/public/stream', '/market/stream']) listen(path);
      });
    } finally {
      over = true;
      for (const socket of sockets) socket.terminate();
    }
  });
}
