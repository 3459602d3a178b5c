import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { AsOf } from '../../../actors/exchange/rules.js';
import { type OpenedExchange, openExchange } from '../../support/open-exchange.js';

const PATHS = { spot: '/api/v3/account', usdm: '/fapi/v3/account', options: '/eapi/v1/marginAccount' } as const;
type Product = keyof typeof PATHS;
const PRODUCTS = Object.keys(PATHS) as Product[];
const WAIT_MS = 20_000;

/** The code of the answer (0 = none) to a request that is signed before its letters past ASCII are encoded. */
async function codeOf({ exchange, origins, accounts }: OpenedExchange, product: Product): Promise<number> {
  const { key, secret } = accounts.all[0]!.keys.find(({ kind }) => kind === 'hmac')!;
  const payload = `note=１&recvWindow=60000&timestamp=${Math.floor(exchange.clock.nowUs() / 1000)}`;
  const signature = createHmac('sha256', secret!).update(payload).digest('hex');
  const answer = await fetch(`${origins[product].rest}${PATHS[product]}?${encodeURI(payload)}&signature=${signature}`, { headers: { 'X-MBX-APIKEY': key } });
  return ((await answer.json()) as { readonly code?: number }).code ?? 0;
}

/** Whether a stream tells anything before another one, of the same address, has told four times. */
async function tells(url: string, stream: string, other: string): Promise<boolean> {
  const socket = new WebSocket(`${url}/stream?streams=${stream}/${other}`);
  try {
    return await new Promise((resolve, reject) => {
      let others = 0;
      const timer = setTimeout(() => reject(new Error(`neither ${stream} nor ${other} told anything`)), WAIT_MS);
      socket.on('error', reject);
      socket.on('message', (data: Buffer) => {
        const told = (JSON.parse(data.toString()) as { readonly stream: string }).stream;
        if (told === other) others += 1;
        if (told !== stream && others < 4) return;
        clearTimeout(timer);
        resolve(told === stream);
      });
    });
  } finally {
    socket.terminate();
  }
}

for (const [day, signed, routed] of [['2026-01-14', true, false], [undefined, false, true]] as const) {
  describe(`as of ${day ?? 'now'}`, () => {
    let opened: OpenedExchange;
    before(async () => {
      opened = await openExchange({ asOf: new AsOf(day), speed: 5 });
    });
    after(() => opened.close());

    test(`every Binance product ${signed ? 'takes' : 'refuses'} signatures over letters that are encoded afterwards`, async () => {
      // Spot refuses the parameter itself, which nobody reads.
      const taken = { spot: -1104, usdm: 0, options: 0 };
      for (const product of PRODUCTS) assert.equal(await codeOf(opened, product), signed ? taken[product] : -1022, product);
    });

    test(`streams of the market way ${routed ? 'are silent' : 'come'} on an unrouted connection of futures and options`, async () => {
      assert.equal(await tells(opened.origins.usdm.ws, 'btcusdt@markPrice@1s', 'btcusdt@depth@500ms'), !routed, 'usdm');
      const contract = ((await (await fetch(`${opened.origins.options.rest}/eapi/v1/exchangeInfo`)).json()) as { readonly optionSymbols: readonly { readonly symbol: string }[] }).optionSymbols[0]!.symbol;
      assert.equal(await tells(opened.origins.options.ws, '!index@arr', `${contract.toLowerCase()}@optionTicker`), !routed, 'options');
    });
  });
}
