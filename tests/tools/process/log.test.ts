import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import type { DeadLetter, SupervisorReport } from '../../../runtime/index.js';
import { CliError } from '../../../tools/cli/errors.js';
import { prettyLine, wantedLine } from '../../../tools/control/log-line.js';
import { DeadLetterLog } from '../../../tools/process/dead-letter-log.js';
import { ProcessLog } from '../../../tools/process/log.js';
import { ReportLog } from '../../../tools/process/log-tree.js';
import { forLog, withoutSecrets } from '../../../tools/process/redact.js';

const scratch = mkdtempSync(join(tmpdir(), 'faultline-log-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

interface Line {
  readonly level: string;
  readonly time: string;
  readonly process: string;
  readonly event: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}
const linesOf = (log: ProcessLog): Line[] => readFileSync(log.path, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as Line);
const opened = (): Promise<ProcessLog> => ProcessLog.open(mkdtempSync(join(scratch, 'l-')), 'p', DEFAULT_CONFIG.process);

describe('the log of a process', () => {
  test('every line is JSON with level, time, process, event and sentence; the level changes at run time', async () => {
    const log = await opened();
    log.write('info', 'a.b', 'it happened', { path: '/x', big: 5n, at: Number.NaN });
    log.write('debug', 'hidden', 'not logged');
    log.level = 'debug';
    log.write('debug', 'shown', 'logged');
    await log.close();
    log.write('info', 'late', 'after the end: goes nowhere, harms nothing');
    const [first, second, ...rest] = linesOf(log);
    assert.deepEqual({ ...first, time: '', pid: 0 }, { level: 'info', time: '', process: 'p', pid: 0, event: 'a.b', path: '/x', big: { $bigint: '5' }, at: { $number: 'NaN' }, msg: 'it happened' });
    assert.match(first!.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal(second!.event, 'shown');
    assert.deepEqual(rest, []);
  });

  test('no two logs are one file', async () => {
    const folder = mkdtempSync(join(scratch, 'l-'));
    const log = await ProcessLog.open(folder, 'p', DEFAULT_CONFIG.process);
    await assert.rejects(ProcessLog.open(folder, 'p', DEFAULT_CONFIG.process), (error) => error instanceof CliError && error.exit === 'configuration');
    await log.close();
    await (await ProcessLog.open(folder, 'p', DEFAULT_CONFIG.process)).close();
  });

  test('a secret is in no line, whatever its key is called and however deep it lies', async () => {
    const log = await opened();
    const secret = 'hunter2-s3cr3t';
    const keys = ['apiKey', 'api_key', 'API-KEY', 'X-MBX-APIKEY', 'secret', 'secretKey', 'clientSecret', 'password', 'passphrase', 'token', 'access_token', 'refreshToken', 'authorization', 'signature', 'listenKey', 'privateKey', 'cookie'];
    for (const key of keys) log.write('info', 'e', 'm', { [key]: secret, deep: { list: [{ [key]: secret }], map: new Map([[key, secret]]), nested: { [key]: { inner: secret } } } });
    const texts = [`wss://user:${secret}@example.org/ws`, `https://x/y?symbol=B&signature=${secret}&t=1`, `listenKey=${secret}`, `Bearer ${secret}${secret}`];
    for (const text of texts) {
      log.write('error', 'e', `cannot connect to ${text}`, { url: text, cause: new Error(text) });
    }
    await log.close();
    assert.ok(!readFileSync(log.path, 'utf8').includes(secret));
    assert.equal(linesOf(log).length, keys.length + texts.length);
    assert.deepEqual(forLog({ token: 5, key: 'kept', tokens: 3, secret: null }), { token: '[redacted]', key: 'kept', tokens: 3, secret: null });
    assert.equal(withoutSecrets('order 5 of client 7: nothing secret here'), 'order 5 of client 7: nothing secret here');
  });

  test('any value can be logged: the line stays one line of bounded JSON', async () => {
    const log = await opened();
    let written = 0;
    fc.assert(fc.property(fc.anything({ withBigInt: true, withMap: true, withSet: true, withDate: true, withTypedArray: true, withNullPrototype: true }), fc.string(), (value, text) => {
      log.write('info', 'e', text, { value });
      written += 1;
    }), { numRuns: 200 });
    const circle: Record<string, unknown> = { huge: 'x'.repeat(1e6), list: new Array<number>(1e5).fill(1) };
    circle['self'] = circle;
    log.write('info', 'e', 'm', circle);
    await log.close();
    const lines = linesOf(log);
    assert.equal(lines.length, written + 1);
    assert.ok(JSON.stringify(lines.at(-1)).length < 5000);
  });

  test('dead letters: the first ones each, then counts, and one by one again after five quiet minutes', async () => {
    const log = await opened();
    let nowMs = 0;
    const letters = new DeadLetterLog(log, 10, () => nowMs);
    const letter = (path: string): DeadLetter => ({ reason: 'stopped', path, message: { type: 'order', apiKey: 'k' }, atUs: 1 });
    for (let n = 0; n < 1000; n++) letters.letter(letter(n % 10 === 0 ? '/b' : '/a'));
    nowMs += 60_000;
    letters.letter(letter('/a'));
    nowMs += 5 * 60_000;
    letters.letter(letter('/c'));
    letters.tell();
    await log.close();
    const lines = linesOf(log);
    assert.deepEqual(lines.map(({ event }) => event), [...Array.from({ length: 10 }, () => 'dead-letter'), 'dead-letters', 'dead-letter']);
    assert.deepEqual([lines[10]!['total'], lines[10]!['counts']], [991, { 'stopped /a': 892, 'stopped /b': 99 }]);
    assert.deepEqual(lines[0]!['message'], { type: 'order' });
  });

  test('reports of supervisors: one line each with its actor, a storm of them counted', async () => {
    const log = await opened();
    let nowMs = 0;
    const reports = new ReportLog(log, () => nowMs);
    const report: SupervisorReport = {
      kind: 'failure', supervisor: '/s', context: 'child_terminated', reason: { kind: 'error', cause: { name: 'Error', message: 'two\nlines' } }, atUs: 5,
      offender: { id: 'c', path: '/s/c', kind: 'worker', behaviour: { name: 'b', version: 1 }, incarnation: 2, restart: 'permanent', shutdown: 5000, significant: false },
    };
    for (let n = 0; n < 500; n++) reports.report(report);
    nowMs += 60_000;
    reports.report({ ...report, context: 'shutdown' });
    await log.close();
    const lines = linesOf(log);
    assert.deepEqual([lines.length, lines[0]!.level, lines[0]!.event, lines[0]!['path']], [202, 'warn', 'supervisor.child-terminated', '/s/c']);
    assert.deepEqual([lines[200]!['total'], lines[201]!.level], [300, 'error']);
  });
});

describe('a line of the log for people', () => {
  const line = (fields: object): string => JSON.stringify({ level: 'warn', time: '2026-01-05T10:00:00.123Z', process: 'p', pid: 1, event: 'e', msg: 'it stopped', ...fields });
  test('time, level, sentence, and what is short', () => {
    assert.equal(prettyLine(line({ path: '/a', tookMs: 5, nested: { a: 1 } }), {}), '2026-01-05 10:00:00.123 warn  it stopped  tookMs=5');
  });
  test('nothing in it commands the terminal', () => {
    assert.ok(!/[\u0000-\u001f\u007f-\u009f]/.test(prettyLine(line({ msg: 'a\u001b[2Jb\nc', x: '\u009b31m' }), {})));
    assert.ok(!/\u001b/.test(prettyLine('no json \u001b[2J', {})));
  });
  test('is chosen by level and by actor', () => {
    const of = (fields: object, filter: Parameters<typeof wantedLine>[1]): boolean => wantedLine(line(fields), filter);
    assert.deepEqual([of({}, { level: 'warn' }), of({}, { level: 'error' })], [true, false]);
    assert.deepEqual(['/a', '/a/b', '/ab', undefined].map((path) => of({ path }, { level: 'trace', path: '/a' })), [true, true, false, false]);
    assert.ok(wantedLine('no json', { level: 'trace' }) && !wantedLine('no json', { level: 'warn' }));
  });
});
