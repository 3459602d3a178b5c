import { METHOD_NAMES } from '../../../../tools/exchange/deribit/methods/index.js';
import { Evidence, type Product } from './evidence.js';
import { deribitErrors, deribitFaceMethods, EVENTS, listedDeribitMethods, listedEndpoints, listedMethods, saidCodes, saysName, SENT_BY, STREAMS } from './listed.js';

export type Mounted = Readonly<Record<'spot' | 'usdm' | 'options', { readonly endpoints: readonly string[]; readonly methods: readonly string[] }>>;

type Row = readonly [what: string, here: 'yes' | 'no', test: string | undefined];

const TITLES: Readonly<Record<Product, string>> = { spot: 'Spot', usdm: 'USD-M futures', options: 'Options', deribit: 'Deribit' };
/** Of which websocket API a method is that only one of the two venues has; what both lists share is counted at spot. */
const FUTURES_METHOD = /^v2\/|^algoOrder\.|^account\.(position|balance)|^order\.modify|^userDataStream\.(start|ping|stop)/;
const PROTOCOL = ['tools/exchange/web', 'tools/exchange/market-data'];
const CODES: Readonly<Record<'spot' | 'usdm' | 'options', readonly string[]>> = {
  spot: [...PROTOCOL, 'actors/exchange/spot', 'tools/exchange/spot', 'actors/exchange/matching'],
  usdm: [...PROTOCOL, 'actors/exchange/futures', 'tools/exchange/usdm', 'actors/exchange/matching'],
  options: [...PROTOCOL, 'actors/exchange/options', 'tools/exchange/options'],
};

/** docs/exchange-coverage.md, from what is mounted, what clients list and what tests name. */
export function coveragePage(mounted: Mounted): string {
  const evidence = new Evidence();
  const proofOf = (product: Product, what: string, find: () => string | undefined): string | undefined => {
    const call = SENT_BY[product][what];
    return find() ?? (call === undefined ? undefined : evidence.find(product, (line) => line.includes(call)));
  };
  const sections: string[] = [];
  const counts: string[] = [];
  const add = (title: string, rows: readonly Row[]): void => {
    const here = rows.filter(([, answered]) => answered === 'yes');
    counts.push(`| ${title} | ${rows.length} | ${here.length} | ${here.filter(([, , test]) => test !== undefined).length} |`);
    sections.push(`## ${title}\n\n| | here | test |\n| --- | --- | --- |\n${rows.map(([what, answered, test]) => `| \`${what}\` | ${answered} | ${test === undefined ? '' : link(test)} |`).join('\n')}\n`);
  };
  const rowsOf = (product: Product, here: readonly string[], listed: readonly string[], find: (what: string) => string | undefined): readonly Row[] => {
    const there = new Set(here);
    return [...new Set([...here, ...listed])].sort(byPath).map((what) => (there.has(what) ? [what, 'yes', proofOf(product, what, () => find(what))] : [what, 'no', undefined]));
  };
  for (const product of ['spot', 'usdm', 'options'] as const) {
    const { endpoints, methods } = mounted[product];
    // Every origin has the same pages of others for clients that load them; spot's stand for all.
    const own = endpoints.filter((endpoint) => product === 'spot' || !/ \/(sapi|dapi)\//.test(endpoint));
    add(`${TITLES[product]}: REST`, rowsOf(product, own, listedEndpoints(product), (what) => evidence.request(product, what)));
    if (product !== 'options') {
      const listed = listedMethods().filter((name) => (product === 'usdm') === FUTURES_METHOD.test(name));
      add(`${TITLES[product]}: websocket API`, rowsOf(product, methods, listed, (what) => evidence.quoted(product, what)));
      add(`${TITLES[product]}: streams that the market fills`, STREAMS[product].map((name) => [name, 'yes', 'tests/tools/exchange/covered/covered.test.ts']));
    }
    add(`${TITLES[product]}: ${product === 'options' ? 'streams and events' : 'events'}`, eventRows(product, evidence));
    add(`${TITLES[product]}: errors`, [...saidCodes(CODES[product])].map(([code, text]) => [`${code} ${text}`.trim(), 'yes', evidence.word(product, String(code))]));
  }
  add('Deribit: methods', rowsOf('deribit', [...METHOD_NAMES, ...deribitFaceMethods()], listedDeribitMethods(), (what) => evidence.quoted('deribit', what) ?? evidence.word('deribit', what)));
  add('Deribit: channels', eventRows('deribit', evidence));
  add('Deribit: errors', deribitErrors().map(([code, name]) => [`${code} ${name}`, 'yes', evidence.word('deribit', String(code)) ?? evidence.word('deribit', name)]));
  return `# What the exchange answers

Written by \`FAULTLINE_WRITE=1 node scripts/run-tests.js exchange/covered\`, and held by the same test to what is mounted, so it cannot say too much or too little.

- *here*: the endpoint is mounted, the source can say the error. \`no\`: a public client knows it (ccxt's endpoints, \`binance\`'s websocket methods) and the exchange has none; the venue's
  answer to an unknown path or method comes.
- *test*: a test that sends it and looks at the answer, or names it. Where a test does not name the endpoint, it is one that has a public client call it. Empty: none does.
- Streams that the market fills are subscribed to and waited for by the test of this page itself.
- What an endpoint takes and leaves out is on the products' pages: [spot](exchange-spot.md), [USD-M](exchange-usdm.md), [options](exchange-options.md), [Deribit](exchange-deribit.md),
  [protocol](exchange-protocol.md); what clients do with them on [theirs](exchange-clients.md).

| | known | here | with a test |
| --- | --- | --- | --- |
${counts.join('\n')}

${sections.join('\n')}`;
}

function eventRows(product: Product, evidence: Evidence): readonly Row[] {
  return EVENTS[product].map((name) => {
    const test = evidence.word(product, name) ?? evidence.find(product, (line) => line.includes(name));
    return saysName(product, name) ? [name, 'yes', test] : [name, 'no', undefined];
  });
}

const link = (path: string): string => `[${path.replace(/^tests\/(tools\/exchange\/)?/, '')}](../${path})`;

/** By path first, then by method: what belongs together stands together. */
function byPath(one: string, other: string): number {
  const key = (text: string): string => text.split(' ').toReversed().join(' ');
  return key(one) < key(other) ? -1 : 1;
}
