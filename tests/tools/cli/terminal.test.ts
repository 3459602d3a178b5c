import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { table, toJson, wantsColour } from '../../../tools/cli/output.js';
import { clearProgress, duration, progress } from '../../../tools/cli/progress.js';

/** A stand-in for a terminal: keeps what is visible after carriage returns and erasures, like the real one. */
class Terminal {
  readonly isTTY: boolean;
  readonly columns: number;
  written = 0;
  lines = [''];
  constructor(columns = 80, isTTY = true) {
    this.columns = columns;
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.written += 1;
    for (const part of text.split(/(\r|\n|\u001b\[K)/)) {
      const last = this.lines.length - 1;
      if (part === '\r' || part === '\u001b[K') this.lines[last] = '';
      else if (part === '\n') this.lines.push('');
      else this.lines[last] += part;
    }
  }
}

describe('progress', () => {
  test('shows share, amounts, rate and the time left, and ends with its text', () => {
    let nowMs = 0;
    const terminal = new Terminal(100);
    const bar = progress('importing', 4_000_000, { stream: terminal, clock: () => nowMs });
    nowMs = 2000;
    bar.update(1_000_000);
    assert.equal(terminal.lines.at(-1), 'importing [########......................]  25 %  1,000,000/4,000,000  500,000/s  6 s left');
    bar.done('4,000,000 records');
    assert.deepEqual(terminal.lines, ['4,000,000 records', '']);
  });

  test('draws at most ten times a second however often it is told', () => {
    let nowMs = 0;
    const terminal = new Terminal();
    const bar = progress('replaying', 10_000, { stream: terminal, clock: () => nowMs });
    for (let done = 0; done < 10_000; done++) {
      nowMs += 0.1;
      bar.update(done);
    }
    assert.ok(terminal.written >= 9 && terminal.written <= 11, String(terminal.written));
    bar.done();
    assert.deepEqual(terminal.lines, ['']);
  });

  test('writes nothing where there is no terminal', () => {
    const pipe = new Terminal(80, false);
    const bar = progress('importing', 10, { stream: pipe });
    bar.update(5);
    bar.done('done');
    assert.equal(pipe.written, 0);
  });

  test('an unfinished bar is wiped before an error is printed', () => {
    const terminal = new Terminal();
    progress('importing', 10, { stream: terminal, clock: () => 0 }).update(5);
    assert.notEqual(terminal.lines.at(-1), '');
    clearProgress();
    assert.deepEqual(terminal.lines, ['']);
  });

  test('never wraps, whatever the width, the label and the amounts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 200 }), fc.string({ maxLength: 60 }), fc.option(fc.nat()), fc.nat(), fc.nat({ max: 1e7 }), (columns, label, total, done, elapsedMs) => {
        let nowMs = 0;
        const terminal = new Terminal(columns);
        const bar = progress(label.replaceAll(/[\r\n\u001b]/g, ' '), total ?? undefined, { stream: terminal, clock: () => nowMs });
        nowMs = elapsedMs;
        bar.update(done);
        assert.ok(terminal.lines.at(-1)!.length < columns, terminal.lines.at(-1));
        bar.done();
      }),
    );
  });

  test('durations read as a person says them', () => {
    assert.deepEqual([0, 59.4, 59.6, 185, 3599.6, 3720, -5].map(duration), ['0 s', '59 s', '1 min 00 s', '3 min 05 s', '1 h 00 min', '1 h 02 min', '0 s']);
  });
});

describe('output', () => {
  test('colours only on a terminal, never against NO_COLOR, always with FORCE_COLOR', () => {
    const terminal = { isTTY: true };
    assert.equal(wantsColour(terminal, {}), true);
    assert.equal(wantsColour({ isTTY: false }, {}), false);
    assert.equal(wantsColour(terminal, { NO_COLOR: '1' }), false);
    assert.equal(wantsColour(terminal, { NO_COLOR: '' }), true);
    assert.equal(wantsColour(terminal, { TERM: 'dumb' }), false);
    assert.equal(wantsColour({}, { FORCE_COLOR: '1', NO_COLOR: '1' }), true);
    assert.equal(wantsColour(terminal, { FORCE_COLOR: '0' }), false);
  });

  test('a table aligns its columns and leaves no spaces at line ends', () => {
    const text = table(['symbol', 'trades'], [['BTCUSDT', 7], ['ETH', 12345]], { align: 'lr', colour: false });
    assert.equal(text, 'symbol   trades\nBTCUSDT       7\nETH       12345');
  });

  test('JSON carries big integers as digits', () => {
    assert.equal(toJson({ id: 2n ** 64n }), '{\n  "id": "18446744073709551616"\n}');
  });
});
