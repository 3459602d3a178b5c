import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { detectorsOf, domainAlerts, remember, treeAlerts, type Mailboxes } from '../../../tools/top/alerts.js';
import { press, type Key } from '../../../tools/top/press.js';
import { actorRows, type ActorSample, type ProcessSample } from '../../../tools/top/sample.js';
import { Painter } from '../../../tools/top/screen.js';
import { clean, cut, fitLine, lineWidth, plainText, widthOf } from '../../../tools/top/text.js';
import { frameOf, INITIAL_VIEW, rowsOf, SORTS, wholeText, type ViewState } from '../../../tools/top/view.js';
import { ScreenModel } from './screen-model.js';

const HOSTILE = ['\u001b[2J', '\u001b]0;owned\u0007', 'a\r\nb', '取引所', 'e\u0301\u200b', '\u202eesrever', '👩‍👩‍👧', '\ud800', '\u009b31m', 'é', 'プロセス'.repeat(30), '', ' '];
const name = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 12 }), fc.string({ maxLength: 40 }));

const actor = (path: string, more: Partial<ActorSample> = {}): ActorSample => ({
  path, id: path === '/' ? '/' : path.slice(path.lastIndexOf('/') + 1), depth: path === '/' ? 0 : path.split('/').length - 1, isSupervisor: false, kind: 'worker', behaviour: 'b@1', state: 'running', machineState: '',
  incarnation: 1, restarts: 0, mailbox: 0, handled: 0, perSecond: 0, lastExit: '', omitted: 0, ...more,
});
const sample = (more: Partial<ProcessSample> = {}): ProcessSample => ({
  name: 'engine', pid: 1, status: 'paper serving', answering: true, uptimeMs: 1000, stalledMs: null, loopDelayP99Us: 900, turnP99Us: 80, rssBytes: 1 << 27, restarts: 0, deadLetters: 0, messagesPerSecond: 5,
  detectors: [], alerts: [], actors: [actor('/', { isSupervisor: true }), actor('/market', { isSupervisor: true }), actor('/market/kernel', { perSecond: 9, mailbox: 4 }), actor('/market/detectors', { isSupervisor: true }), actor('/market/detectors/BTC', { restarts: 2 }), actor('/journal', { perSecond: 1 })],
  ageMs: 0, ...more,
});

/** Any process, with hostile words wherever a word may come from outside. */
const anyProcess: fc.Arbitrary<ProcessSample> = fc.record({
  named: name, status: name, bad: name, words: fc.array(name, { maxLength: 6 }), depths: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 25 }), alerts: fc.integer({ min: 0, max: 9 }), number: fc.double({ min: 0, max: 1e12, noNaN: true }),
}).map(({ named, status, bad, words, depths, alerts, number }) => sample({
  name: named, status, rssBytes: number, messagesPerSecond: number, turnP99Us: number, loopDelayP99Us: number / 7, stalledMs: number > 5e11 ? number : null,
  detectors: words.map((word) => ({ name: word, state: bad })), alerts: Array.from({ length: alerts }, (_, n) => ({ severity: n % 2 === 0 ? 'bad' as const : 'warn' as const, text: bad })),
  actors: depths.map((depth, n) => actor(`/${words[n % Math.max(1, words.length)] ?? ''}${n}`, { depth, isSupervisor: n % 3 === 0, behaviour: bad, state: n % 2 === 0 ? 'running' : status, lastExit: bad, mailbox: Math.floor(number) })),
}));
const size = fc.record({ columns: fc.integer({ min: 20, max: 180 }), rows: fc.integer({ min: 5, max: 60 }) });
const anyView = fc.record({ sort: fc.constantFrom(...SORTS), filter: fc.oneof(fc.constant(''), name), typing: fc.boolean(), help: fc.boolean(), top: fc.nat(50) }).map((view): ViewState => ({ ...INITIAL_VIEW, ...view }));

void test('the bytes of any frames, at any sizes, make of a terminal exactly the frame', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.array(anyProcess, { maxLength: 3 }), anyView, fc.option(size, { nil: null })), { minLength: 1, maxLength: 8 }), fc.boolean(), fc.boolean(), (steps, colour, ascii) => {
    let at = { columns: 80, rows: 24 };
    const screen = new ScreenModel(at.columns, at.rows);
    const painter = new Painter({ colour, ascii });
    for (const [processes, view, resized] of steps) {
      if (resized !== null) {
        at = resized;
        screen.resize(at.columns, at.rows);
      }
      const { lines } = frameOf(processes, view, at, '00:00:00 UTC');
      assert.ok(lines.length <= at.rows);
      const bytes = painter.frame(lines, at.columns, at.rows);
      screen.write(bytes);
      const wanted = Array.from({ length: at.rows }, (_, row) => plainText(fitLine(lines[row] ?? [], at.columns, ascii)).trimEnd());
      assert.deepEqual(screen.lines, wanted);
      for (const line of wanted) assert.ok(widthOf(line) <= at.columns);
      if (ascii) assert.match(wanted.join(''), /^[\u0020-\u007e]*$/);
      // Shown at once: the whole of a frame stands between the two marks, which are closed again.
      if (bytes !== '') assert.ok(bytes.startsWith('\u001b[?2026h') && bytes.endsWith('\u001b[?2026l') && !screen.modes.has(2026));
      assert.equal(painter.frame(lines, at.columns, at.rows), '', 'the same again is nothing');
    }
  }), { numRuns: 40 });
});

void test('only lines that differ are written', () => {
  const painter = new Painter({ colour: false, ascii: false });
  const before = frameOf([sample()], INITIAL_VIEW, { columns: 80, rows: 24 }, '00:00:00 UTC').lines;
  const after = frameOf([sample({ messagesPerSecond: 6 })], INITIAL_VIEW, { columns: 80, rows: 24 }, '00:00:00 UTC').lines;
  painter.frame(before, 80, 24);
  const bytes = painter.frame(after, 80, 24);
  assert.equal(bytes.split(';1H').length - 1, 1, bytes);
});

void test('text: nothing that moves a cursor, and no wider than it may be', () => {
  fc.assert(fc.property(name, fc.nat(30), fc.boolean(), (text, width, ascii) => {
    const safe = clean(text, ascii);
    assert.doesNotMatch(safe, /[\p{C}\p{M}]/u);
    assert.ok(widthOf(cut(safe, width)) <= width);
    assert.ok(widthOf(safe) > width || cut(safe, width) === safe);
    const line = fitLine([{ text: 'x: ' }, { text, style: 'bad' }], width, ascii);
    assert.ok(lineWidth(line) <= width);
  }), { numRuns: 200 });
  assert.deepEqual([widthOf('取引'), cut('取引所', 5), cut('取引所', 4), cut('abcdef', 3)], [4, '取引…', '取…', 'ab…']);
});

const rowsText = (processes: readonly ProcessSample[], view: Partial<ViewState>): string[] => rowsOf(processes, { ...INITIAL_VIEW, ...view }).map(({ actor: of, process }) => of?.path ?? process.name);

void test('rows: tree, filter with what lies above, sorts', () => {
  assert.deepEqual(rowsText([sample()], {}), ['engine', '/', '/market', '/market/kernel', '/market/detectors', '/market/detectors/BTC', '/journal']);
  assert.deepEqual(rowsText([sample()], { filter: 'btc' }), ['engine', '/', '/market', '/market/detectors', '/market/detectors/BTC']);
  assert.deepEqual(rowsText([sample(), sample({ name: 'other' })], { filter: 'OTHER' }), ['other']);
  const turned = sample({ actors: [actor('/', { isSupervisor: true }), actor('/a', { machineState: 'open.halfOpen' }), actor('/b')] });
  assert.deepEqual(rowsText([turned], { filter: 'halfopen' }), ['engine', '/', '/a']);
  const text = (columns: number): string => wholeText([turned], 'tree', columns, '').map((line) => line.map((span) => span.text).join('')).join('\n');
  assert.match(text(120), /a +running +open\.halfOp/);
  assert.match(text(80), /state +machine/);
  assert.deepEqual(rowsText([sample()], { sort: 'rate' }).slice(0, 3), ['engine', '/market/kernel', '/journal']);
  assert.deepEqual(rowsText([sample()], { sort: 'restarts' })[1], '/market/detectors/BTC');
  assert.deepEqual(rowsText([sample()], { collapsed: new Set(['engine\n/market']) }), ['engine', '/', '/market', '/journal']);
});

void test('keys: select, fold, filter, sort, help, end', () => {
  const processes = [sample()];
  let view: ViewState = INITIAL_VIEW;
  const size80 = { columns: 80, rows: 24 };
  const type = (...keys: Key[]): string => {
    for (const key of keys) {
      const frame = frameOf(processes, view, size80, '');
      const pressed = press(frame.view, key, rowsOf(processes, frame.view), frame.page);
      if (pressed.do !== 'show') return pressed.do;
      view = pressed.view;
    }
    return plainText(frameOf(processes, view, size80, '').lines.find((line) => line.some(({ style }) => style === 'selected')) ?? []).trim();
  };
  const named = (...names: string[]): Key[] => names.map((each) => (each.length === 1 ? { name: /[a-z]/.test(each) ? each : '', sequence: each } : { name: each }));
  assert.match(type(...named('down', 'down')), /^▾ market /);
  assert.match(type(...named('left', 'down')), /^journal /);
  assert.match(type(...named('up', 'right', 'down')), /^kernel /);
  assert.match(type(...named('left')), /^▾ market /, 'to what it lies below');
  assert.match(type(...named('end')), /^journal /);
  assert.match(type(...named('/', 'b', 't', 'x', 'backspace', 'return')), /^▾ engine/);
  assert.equal(view.filter, 'bt');
  assert.match(type(...named('end')), /^BTC /);
  type(...named('escape', 's'));
  assert.deepEqual([view.filter, view.sort], ['', 'rate']);
  type(...named('?'));
  assert.match(frameOf(processes, view, size80, '').lines.map(plainText).join('\n'), /fold and unfold all/);
  assert.equal(type(...named('q')), type(...named('x')), 'any key ends the help');
  assert.deepEqual([type(...named('q')), type({ name: 'c', ctrl: true }), type({ name: 'z', ctrl: true })], ['quit', 'quit', 'suspend']);
  // Typed letters are letters of the filter, q too.
  type(...named('/', 'q', '?'));
  assert.equal(view.filter, 'q?');
});

void test('the selected row stays in sight, however small the terminal', () => {
  fc.assert(fc.property(size, fc.array(fc.constantFrom('down', 'up', 'pagedown', 'pageup', 'home', 'end', 'space', 's'), { maxLength: 30 }), ({ columns, rows }, keys) => {
    const processes = [sample(), sample({ name: 'venue', alerts: [{ severity: 'bad', text: 'x' }] })];
    let view: ViewState = INITIAL_VIEW;
    for (const key of keys) {
      const frame = frameOf(processes, view, { columns, rows }, '');
      const pressed = press(frame.view, { name: key, sequence: key.length === 1 ? key : '' }, rowsOf(processes, frame.view), frame.page);
      assert.equal(pressed.do, 'show');
      if (pressed.do === 'show') ({ view } = pressed);
    }
    const { lines } = frameOf(processes, view, { columns, rows }, '');
    assert.equal(lines.filter((line) => line.some(({ style }) => style === 'selected')).length, 1);
  }), { numRuns: 100 });
});

void test('a tree as rows: rates of what was handled since, also of an actor that began anew', () => {
  const node = (path: string, handled: number, children: unknown[] = []): never => ({ path, id: path.slice(1), cell: 0, kind: children.length > 0 ? 'supervisor' : 'worker', behaviour: null, state: 'running', incarnation: 1, restarts: 0, mailbox: 0, handled, timers: 0, lastExit: null, children }) as never;
  const before = { atMs: 1000, handled: new Map([['/', 0], ['/a', 100], ['/b', 50]]) };
  const rows = actorRows(node('/', 0, [node('/a', 160), node('/b', 20), node('/c', 7)]), 3000, before, () => '');
  assert.deepEqual(rows.map(({ path, perSecond, depth }) => [path, perSecond, depth]), [['/', 0, 0], ['/a', 30, 1], ['/b', 10, 1], ['/c', 3.5, 1]]);
  assert.equal(actorRows(node('/', 5), 3000, null, () => '')[0]!.perSecond, null);
});

void test('alerts: of the tree', () => {
  let mailboxes: Mailboxes = { recent: new Map() };
  for (const [mailbox, growing] of [[40, false], [50, false], [60, false], [70, true], [65, false]] as const) {
    const actors = [actor('/slow', { mailbox }), actor('/busy', { mailbox: 1000 })];
    mailboxes = remember(mailboxes, actors);
    assert.deepEqual(treeAlerts(actors, mailboxes, null).map(({ text }) => text), growing ? [`/slow falls behind: ${mailbox} messages wait, and more at every look`] : []);
  }
  const actors = [actor('/a', { state: 'quarantined', lastExit: 'Error: boom' }), actor('/b', { restarts: 3 }), actor('/c', { state: 'suspended' })];
  assert.deepEqual(treeAlerts(actors, mailboxes, new Map([['/b', 1]])), [
    { severity: 'bad', text: '/a is quarantined: Error: boom' }, { severity: 'warn', text: '/b was restarted 2 times in the last minute' }, { severity: 'warn', text: '/c is suspended' },
  ]);
});

void test('alerts: of what actors say of themselves, whatever it is', () => {
  const of = (behaviour: string, value: unknown): string[] => domainAlerts([{ path: `/x/${behaviour}-1`, behaviour, value }]).map(({ text }) => text);
  assert.deepEqual(of('truth', { products: [{ product: 'usdm', freshness: 'stale', reasons: ['stream down'], unjudged: [1] }, { product: 'spot', freshness: 'fresh', reasons: [], unjudged: [] }] }), ['what usdm holds is stale: stream down', '1 differences to usdm are open']);
  assert.deepEqual(of('breaker', { value: 'open', context: { cause: '5 in a row' } }), ['breaker breaker-1 is open: 5 in a row']);
  assert.deepEqual(of('breaker', { value: 'closed', context: {} }), []);
  assert.deepEqual(of('risk', { closed: [{ guard: 'daily_loss', detail: '5 %' }] }), ['a guard holds entries back: daily_loss, 5 %']);
  assert.deepEqual(of('feeds-health', { problems: ['/feeds/a is down'] }), ['/feeds/a is down']);
  assert.deepEqual(of('guard', { wards: [{ id: 'w', nakedMs: 5, closing: null }] }), ['position w has no stop at the venue']);
  assert.deepEqual(of('user-stream', { product: 'usdm', live: false, reason: 'cut' }), ['the private line of usdm is down: cut']);
  assert.deepEqual(of('operator', { paused: 'by hand', storeFailed: null, stopping: false }), ['an operator paused it: by hand']);
  assert.deepEqual(detectorsOf([{ path: '/market/detectors/BTC', behaviour: 'detector', value: { value: 'ACTIVE' } }]), [{ name: 'BTC', state: 'ACTIVE' }]);
  // A process of another version shows something else: no alert, and no throw.
  fc.assert(fc.property(fc.constantFrom('truth', 'guard', 'risk', 'breaker', 'limits', 'feeds-health', 'user-stream', 'operator', 'detector'), fc.anything(), (behaviour, value) => {
    const plain = JSON.parse(JSON.stringify(value) ?? 'null') as unknown;
    for (const { text } of domainAlerts([{ path: '/x', behaviour, value: plain }])) assert.equal(typeof text, 'string');
    detectorsOf([{ path: '/x', behaviour, value: plain }]);
  }), { numRuns: 200 });
});

void test('as plain text it has everything, and no escape sequence', () => {
  const text = wholeText([sample({ alerts: [{ severity: 'bad', text: 'boom' }], detectors: [{ name: 'BTC', state: 'ACTIVE' }] })], 'tree', 120, '00:00:00 UTC').map((line) => plainText(fitLine(line, 120, false))).join('\n');
  for (const word of ['engine', 'paper serving', '! boom', 'BTC ACTIVE', 'kernel', 'detectors', 'journal', 'loop p99']) assert.ok(text.includes(word), word);
  assert.ok(!text.includes('\u001b'));
});
