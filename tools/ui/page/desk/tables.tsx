import type { ComponentChildren } from 'preact';
import { actionToken } from '../tokens.js';
import type { BalanceRow, BookRow, BreakerRow, Desk, DeskVerb, DifferenceRow, FeedRow, LedgerRow, LimitRow, OrderRow, PnlRow, PositionRow, StopState, TruthRow } from '../../wire/desk.js';
import { ask } from './commands.js';
import { ageText, signClass, sinceText, timeText } from './format.js';
import { type Column, DeskTable } from './table.js';

/** Why nothing can be told the engine from here; '' when it can. */
export function heldBack(desk: Desk): string {
  if (desk.kind !== 'live') return 'this is not the engine as it is now: nothing can be told it from here';
  return actionToken.value === '' ? 'this needs the action token: open the second address that faultline ui printed, the one with action= in it' : '';
}

export function CommandButton({ desk, verb, args = {}, children, label }: { readonly desk: Desk; readonly verb: DeskVerb; readonly args?: Readonly<Record<string, string | boolean>>; readonly children: ComponentChildren; readonly label?: string }) {
  const why = heldBack(desk);
  return <button type="button" disabled={why !== ''} title={why} aria-label={label} onClick={() => ask(desk, verb, args)}>{children}</button>;
}

const STOPS: Readonly<Record<StopState, readonly [string, string]>> = {
  held: ['', 'good'], part: ['part of it alone', 'bad'], sent: ['on its way', 'warn'], none: ['none', 'bad'], foreign: ['not ours', 'muted'], unknown: ['not known', 'bad'],
};

export function Positions({ desk, filter }: { readonly desk: Desk; readonly filter: string }) {
  const columns: readonly Column<PositionRow>[] = [
    { id: 'instrument', title: 'instrument', value: ({ instrument }) => instrument, cell: ({ instrument, product, positionSide }) => <><strong>{instrument}</strong> <span class="muted">{`${product} ${positionSide}`}</span></> },
    { id: 'owner', title: 'owner', value: ({ owners }) => owners.map(({ who }) => who).join(' '), cell: ({ owners }) => owners.map(({ who, quantity, ours }) => <div key={who} class={ours ? '' : 'warn'}>{owners.length === 1 ? who : `${who} ${quantity}`}</div>) },
    { id: 'quantity', title: 'quantity', number: true, value: ({ quantity }) => quantity, cell: ({ quantity, booked }) => <>{quantity}{booked === null ? null : <div class="bad">{`booked ${booked}`}</div>}</> },
    { id: 'entry', title: 'entry', number: true, value: ({ entry }) => entry },
    { id: 'mark', title: 'mark', number: true, value: ({ mark }) => mark },
    { id: 'unrealised', title: 'unrealised', number: true, value: ({ unrealised }) => unrealised, cell: ({ unrealised, asset }) => (unrealised === '' ? '' : `${unrealised} ${asset}`), className: ({ unrealised }) => signClass(unrealised) },
    { id: 'stop', title: 'stop', value: ({ stop }) => stop.state, className: ({ stop }) => STOPS[stop.state][1], cell: ({ stop, closing }) => <>{stop.triggers.join(', ')} {STOPS[stop.state][0]}{stop.nakedSinceMs === null ? '' : ` since ${sinceText(desk.atUs, stop.nakedSinceMs)}`}{closing === null ? '' : ` (being closed: ${closing})`}</> },
    { id: 'truth', title: 'exchange', value: ({ stale }) => (stale ? 'stale' : 'fresh'), className: ({ stale }) => (stale ? 'bad' : 'muted') },
    { id: 'act', title: 'close', value: () => '', cell: ({ instrument, product }) => <CommandButton desk={desk} verb="close-symbol" args={product === '' ? { instrument } : { instrument, product }} label={`close ${instrument}`}>Close</CommandButton> },
  ];
  return <DeskTable title="Positions" columns={columns} list={desk.positions} keyOf={({ key }) => key} filter={filter} none="no position" rowClass={({ stop, booked }) => (stop.state === 'none' || stop.state === 'part' || booked !== null ? 'is-bad' : '')} />;
}

export function Orders({ desk, filter }: { readonly desk: Desk; readonly filter: string }) {
  const columns: readonly Column<OrderRow>[] = [
    { id: 'instrument', title: 'instrument', value: ({ instrument }) => instrument, cell: ({ instrument, product }) => <><strong>{instrument}</strong> <span class="muted">{product}</span></> },
    { id: 'owner', title: 'owner', value: ({ owner }) => owner, className: ({ owner }) => (owner === 'foreign' ? 'bad' : '') },
    { id: 'purpose', title: 'purpose', value: ({ purpose }) => purpose },
    { id: 'side', title: 'side', value: ({ side, positionSide }) => `${side} ${positionSide}` },
    { id: 'kind', title: 'kind', value: ({ kind }) => kind },
    { id: 'quantity', title: 'quantity', number: true, value: ({ quantity }) => quantity, cell: ({ quantity, filled }) => (filled === '' || filled === '0' ? quantity : `${filled} of ${quantity}`) },
    { id: 'price', title: 'price', number: true, value: ({ price, trigger }) => (price === '' ? trigger : price), cell: ({ price, trigger }) => [price, trigger === '' ? '' : `at ${trigger}`].join(' ') },
    { id: 'state', title: 'state', value: ({ state }) => state, cell: ({ state, trouble }) => <>{state}{trouble === null ? '' : <strong class="bad">{` ${trouble}`}</strong>}</> },
    { id: 'age', title: 'age', number: true, value: ({ sinceMs, changedMs }) => sinceMs ?? changedMs ?? null, cell: ({ sinceMs, changedMs }) => sinceText(desk.atUs, sinceMs ?? changedMs) },
    { id: 'id', title: 'id', value: ({ clientId }) => clientId, cell: ({ clientId, note }) => <><code>{clientId}</code>{note === '' ? null : <div class="muted">{note}</div>}</> },
    {
      id: 'act', title: 'act', value: () => '',
      cell: ({ clientId, owner, purpose, trouble }) => (trouble === 'unknown'
        ? <CommandButton desk={desk} verb="resolve" args={{ order: clientId }} label={`give up ${clientId}`}>Give up</CommandButton>
        : owner === 'ours' && purpose === 'stop' ? <span class="muted">goes with its position</span>
          : <CommandButton desk={desk} verb="cancel-order" args={{ order: clientId, foreign: owner === 'foreign' }} label={`cancel ${clientId}`}>Cancel</CommandButton>),
    },
  ];
  return <DeskTable title="Orders" columns={columns} list={desk.orders} keyOf={({ key }) => key} filter={filter} none="no order is open" rowClass={({ trouble }) => (trouble === null ? '' : trouble === 'unlisted' ? 'is-warn' : 'is-bad')} />;
}

export function Reconciliation({ desk, filter }: { readonly desk: Desk; readonly filter: string }) {
  const truth: readonly Column<TruthRow>[] = [
    { id: 'product', title: 'product', value: ({ product }) => product },
    { id: 'freshness', title: 'the exchange’s word is', value: ({ freshness }) => freshness, className: ({ freshness }) => (freshness === 'fresh' ? 'good' : 'bad') },
    { id: 'read', title: 'read', number: true, value: ({ readMs }) => readMs, cell: ({ readMs }) => (readMs === null ? 'never' : `${sinceText(desk.atUs, readMs)} ago`) },
    { id: 'full', title: 'read whole', number: true, value: ({ fullMs }) => fullMs, cell: ({ fullMs }) => (fullMs === null ? 'never' : `${sinceText(desk.atUs, fullMs)} ago`) },
    { id: 'phase', title: 'reading', value: ({ phase }) => phase },
    { id: 'seen', title: 'differences so far', number: true, value: ({ differencesSeen }) => differencesSeen },
    { id: 'why', title: 'why', value: ({ reasons, unjudged }) => [...reasons, ...unjudged.map(({ what, key, reason }) => `${what} ${key}: ${reason}`)].join('; ') },
  ];
  const differences: readonly Column<DifferenceRow>[] = [
    { id: 'kind', title: 'difference', value: ({ kind }) => kind },
    { id: 'instrument', title: 'instrument', value: ({ instrument, product }) => (instrument === '' ? product : instrument) },
    { id: 'about', title: 'about', value: ({ about }) => about },
    { id: 'action', title: 'action', value: ({ action }) => action },
    { id: 'told', title: 'since', number: true, value: ({ toldMs }) => toldMs, cell: ({ toldMs }) => `${sinceText(desk.atUs, toldMs)} ago` },
    { id: 'settled', title: 'settled', value: ({ settledMs }) => settledMs ?? '', cell: ({ toldMs, settledMs }) => (settledMs === null ? <strong class="bad">stands</strong> : `after ${ageText(settledMs - toldMs)}`) },
  ];
  return (
    <>
      <DeskTable title="Exchange and books" columns={truth} list={{ rows: desk.truth, omitted: 0 }} keyOf={({ product }) => product} filter="" none={desk.standing.mode === 'paper' ? 'paper: the venue is in the tree, there is nothing to compare' : 'nobody reads the exchange'} />
      <DeskTable title="Differences" columns={differences} list={desk.differences} keyOf={({ product, kind, instrument, about, toldMs }) => `${product} ${kind} ${instrument} ${about} ${toldMs}`} filter={filter} none="none was found" rowClass={({ settledMs }) => (settledMs === null ? 'is-bad' : '')} />
    </>
  );
}

export function HeldBack({ desk }: { readonly desk: Desk }) {
  const limits: readonly Column<LimitRow>[] = [
    { id: 'product', title: 'product', value: ({ product }) => product },
    { id: 'bucket', title: 'limit', value: ({ bucket }) => bucket },
    { id: 'left', title: 'left', number: true, value: ({ left }) => left, cell: ({ left, limit }) => (left === null ? '' : `${left} of ${limit}`) },
    { id: 'meter', title: 'share', value: ({ left, limit }) => (left ?? 0) / (limit ?? 1), cell: ({ left, limit, bucket, product }) => (left === null || limit === null ? '' : <meter min={0} max={limit} low={limit * 0.1} optimum={limit} value={left} aria-label={`${product} ${bucket}`}>{left}</meter>) },
    { id: 'blocked', title: 'told to wait', value: ({ blocked }) => blocked?.reason ?? '', className: () => 'bad', cell: ({ blocked, product }) => (blocked === null ? '' : <>{`${blocked.reason}, until ${timeText(blocked.untilUs)} `}<CommandButton desk={desk} verb="release" args={{ product }}>Release</CommandButton></>) },
  ];
  const breakers: readonly Column<BreakerRow>[] = [
    { id: 'product', title: 'product', value: ({ product }) => product },
    { id: 'class', title: 'calls', value: (row) => row.class },
    { id: 'state', title: 'state', value: ({ state }) => state, className: ({ state }) => (state === 'closed' ? 'good' : state === 'open' ? 'bad' : 'warn') },
    { id: 'since', title: 'for', number: true, value: ({ sinceUs }) => sinceUs, cell: ({ sinceUs }) => (sinceUs === null ? '' : sinceText(desk.atUs, sinceUs / 1000)) },
    { id: 'cause', title: 'why', value: ({ cause }) => cause },
  ];
  return (
    <>
      <DeskTable title="Guards that hold openings back" columns={[{ id: 'guard', title: 'guard', value: ({ guard }) => guard }, { id: 'detail', title: 'why', value: ({ detail }) => detail }]} list={desk.guards} keyOf={({ guard, detail }) => `${guard} ${detail}`} none="none: openings pass" rowClass={() => 'is-bad'} />
      <DeskTable title="Limits" columns={limits} list={desk.limits} keyOf={({ product, bucket }) => `${product} ${bucket}`} none="none is known" rowClass={({ blocked }) => (blocked === null ? '' : 'is-bad')} />
      <DeskTable title="Breakers" columns={breakers} list={desk.breakers} keyOf={(row) => `${row.product} ${row.class}`} none="none" rowClass={({ state }) => (state === 'closed' ? '' : 'is-bad')} />
    </>
  );
}

const msText = (ms: number | null): string => (ms === null ? '' : `${Math.round(ms)}`);

export function Feeds({ desk, filter }: { readonly desk: Desk; readonly filter: string }) {
  const feeds: readonly Column<FeedRow>[] = [
    { id: 'feed', title: 'stream', value: ({ feed }) => feed.replace(/^\/feeds\//, '') },
    { id: 'phase', title: 'state', value: ({ phase }) => phase, cell: ({ phase, reason }) => (reason === '' ? phase : `${phase}: ${reason}`), className: ({ up }) => (up ? 'good' : 'bad') },
    { id: 'age', title: 'last word', number: true, value: ({ newestMs }) => newestMs, cell: ({ newestMs }) => ageText(newestMs) },
    { id: 'oldest', title: 'quietest', number: true, value: ({ oldestMs }) => oldestMs, cell: ({ oldestMs }) => ageText(oldestMs) },
    { id: 'p50', title: 'p50 ms', number: true, value: ({ p50Ms }) => p50Ms, cell: ({ p50Ms }) => msText(p50Ms) },
    { id: 'p99', title: 'p99 ms', number: true, value: ({ p99Ms }) => p99Ms, cell: ({ p99Ms }) => msText(p99Ms) },
    { id: 'worst', title: 'worst ms', number: true, value: ({ worstMs }) => worstMs, cell: ({ worstMs }) => msText(worstMs) },
    { id: 'rate', title: 'frames/s', number: true, value: ({ framesPerSecond }) => Math.round(framesPerSecond * 10) / 10 },
    { id: 'gaps', title: 'gaps', number: true, value: ({ gaps }) => gaps, className: ({ gaps }) => (gaps > 0 ? 'warn' : '') },
    { id: 'refused', title: 'refused', number: true, value: ({ refused }) => refused },
    { id: 'reconnects', title: 'reconnects', number: true, value: ({ reconnects }) => reconnects },
  ];
  const books: readonly Column<BookRow>[] = [
    { id: 'instrument', title: 'book', value: ({ instrument }) => instrument, cell: ({ instrument, product }) => `${instrument} ${product}` },
    { id: 'state', title: 'state', value: ({ state }) => state, className: ({ state }) => (state === 'LIVE' ? 'good' : 'bad') },
    { id: 'since', title: 'for', number: true, value: ({ sinceMs }) => sinceMs, cell: ({ sinceMs }) => ageText(sinceMs) },
    { id: 'snapshot', title: 'snapshot', number: true, value: ({ snapshotMs }) => snapshotMs, cell: ({ snapshotMs }) => ageText(snapshotMs) },
    { id: 'breaks', title: 'out of step', number: true, value: ({ breaks }) => breaks },
    { id: 'failures', title: 'failures', number: true, value: ({ failures }) => failures },
  ];
  return (
    <>
      <DeskTable title="Feeds" columns={feeds} list={desk.feeds} keyOf={({ feed }) => feed} filter={filter} none="no stream is known" rowClass={({ up }) => (up ? '' : 'is-bad')} />
      <DeskTable title="Books" columns={books} list={desk.books} keyOf={({ product, instrument }) => `${product} ${instrument}`} filter={filter} none="no book is known" rowClass={({ state }) => (state === 'LIVE' ? '' : 'is-bad')} />
      <DeskTable
        title="Private streams" list={desk.userStreams} keyOf={({ product }) => product} none="none" rowClass={({ live }) => (live ? '' : 'is-bad')}
        columns={[
          { id: 'product', title: 'product', value: ({ product }) => product }, { id: 'live', title: 'state', value: ({ live }) => (live ? 'live' : 'down'), className: ({ live }) => (live ? 'good' : 'bad') },
          { id: 'age', title: 'last word', number: true, value: ({ frameAgeMs }) => frameAgeMs, cell: ({ frameAgeMs }) => ageText(frameAgeMs) }, { id: 'reason', title: 'why', value: ({ live, reason }) => (live ? '' : reason) },
        ]}
      />
    </>
  );
}

export function Money({ desk, filter }: { readonly desk: Desk; readonly filter: string }) {
  const signed = <T,>(id: string, title: string, value: (row: T) => string): Column<T> => ({ id, title, number: true, value, className: (row) => signClass(value(row)) });
  const pnl: readonly Column<PnlRow>[] = [
    { id: 'asset', title: 'asset', value: ({ asset }) => asset }, signed('day', 'today', ({ day }) => day), { id: 'trades', title: 'trades', number: true, value: ({ day, dayTrades }) => (day === '' ? '' : dayTrades) }, { id: 'fees', title: 'fees', number: true, value: ({ dayFees }) => dayFees },
    signed('run', 'this run', ({ run }) => run), signed('unrealised', 'unrealised', ({ unrealised }) => unrealised), { id: 'equity', title: 'equity', number: true, value: ({ equity }) => equity },
  ];
  const balances: readonly Column<BalanceRow>[] = [
    { id: 'asset', title: 'asset', value: ({ asset, product }) => `${asset} ${product}` }, { id: 'exchange', title: 'exchange', number: true, value: ({ exchange }) => exchange }, { id: 'ledger', title: 'our ledger', number: true, value: ({ ledger }) => ledger },
    { id: 'difference', title: 'difference', number: true, value: ({ difference }) => difference, className: ({ difference }) => (difference === '' || difference === '0' ? 'muted' : 'bad') },
  ];
  const ledger: readonly Column<LedgerRow>[] = [
    { id: 'asset', title: 'asset', value: ({ asset, product }) => `${asset} ${product}` }, signed('realised', 'realised', ({ realised }) => realised), signed('venue', 'by the exchange', ({ venueRealised }) => venueRealised),
    { id: 'fees', title: 'fees', number: true, value: ({ fees }) => fees }, signed('funding', 'funding', ({ funding }) => funding), signed('other', 'other', ({ other }) => other), signed('unexplained', 'unexplained', ({ unexplained }) => unexplained),
  ];
  return (
    <>
      <DeskTable title="Result" columns={pnl} list={{ rows: desk.pnl, omitted: 0 }} keyOf={({ asset }) => asset} none="nothing is known"><span class="muted"> after fees; the day is UTC, by the engine’s clock</span></DeskTable>
      <DeskTable title="Balances" columns={balances} list={desk.balances} keyOf={({ asset, product }) => `${product} ${asset}`} filter={filter} none="no balance is known" rowClass={({ difference }) => (difference === '' || difference === '0' ? '' : 'is-warn')} />
      <DeskTable title="Ledger" columns={ledger} list={desk.ledger} keyOf={({ asset, product }) => `${product} ${asset}`} filter={filter} none="nothing is booked"><span class="muted"> since the record of the account began</span></DeskTable>
    </>
  );
}
