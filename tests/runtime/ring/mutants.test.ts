import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { explore, type RingClasses } from './checker.js';
import { scenarios } from './scenarios.js';

// The checker is worth something if it finds what is wrong. Each of these changes one place of the ring as it is compiled, and names
// the scenario that must fail.

interface Mutant {
  readonly name: string;
  readonly file: 'reader.js' | 'writer.js' | 'take-over.js';
  readonly from: string;
  readonly to: string;
  readonly scenario: string;
  readonly says: RegExp;
}

const mutants: readonly Mutant[] = [
  {
    name: 'a reader that goes to sleep without looking once more', file: 'reader.js', scenario: 'two slots, one at a time', says: /for ever: .*reader 1 sleeps/,
    from: 'const seen = this.look();\n            const ready = this.seenWriter !== this.position;\n            const leftMs = ready ? 0 : deadline - ops.nowMs();\n            if (leftMs > 0)\n                ops.wait(words, WRITER, seen,',
    to: 'const ready = false; const leftMs = deadline - ops.nowMs();\n            if (leftMs > 0)\n                ops.wait(words, WRITER, ops.load(words, WRITER),',
  },
  { name: 'a reader that sleeps and does not say so', file: 'reader.js', scenario: 'two slots, one at a time', says: /for ever: .*reader 1 sleeps/,
    from: 'wait(timeoutMs) {', to: 'wait(timeoutMs) { const raiseFlag = () => undefined;' },
  { name: 'a writer that lowers the flag it saw', file: 'writer.js', scenario: 'two slots, one at a time', says: /for ever: .*reader 1 sleeps/,
    from: 'ops.notify(words, WRITER);\n    }\n    /** Forgets', to: '{ ops.notify(words, WRITER); ops.store(words, READER_ASLEEP, 0); }\n    }\n    /** Forgets' },
  { name: 'a publish without its epoch', file: 'writer.js', scenario: 'a writer that is replaced and tries once more', says: /read|published|Expected|corrupt/,
    from: 'if (ops.compareExchange(words, WRITER, before, cursor(this.epoch, to)) !== before)', to: 'if (ops.store(words, WRITER, cursor(this.epoch, to)) === 0.5)' },
  { name: 'a release without its epoch', file: 'reader.js', scenario: 'a reader that is replaced and keeps trying', says: /read|released|corrupt/,
    from: 'if (ops.compareExchange(words, READER, before, cursor(this.epoch, to)) !== before)', to: 'if (ops.store(words, READER, cursor(this.epoch, to)) === 0.5)' },
  { name: 'a cursor that does not carry its epoch', file: 'take-over.js', scenario: 'a reader that is replaced and keeps trying', says: /./,
    from: 'cursor(epoch, position)) !== before)', to: 'cursor(0, position)) !== before)' },
  { name: 'padding that a new writer forgets, though the reader has yet to cross it', file: 'writer.js', scenario: 'a writer that dies among padding', says: /./,
    from: 'cursor(this.epoch, before & POSITION_MASK)', to: 'cursor(this.epoch, 0)' },
  { name: 'padding without its epoch', file: 'writer.js', scenario: 'a writer that is replaced and has other messages in mind', says: /./,
    from: 'if (this.ops.compareExchange(this.words, PADDING, this.padWord, word) !== this.padWord)', to: 'if (this.ops.store(this.words, PADDING, word) === 0.5)' },
  { name: 'padding that the reader is not told of', file: 'writer.js', scenario: 'padding', says: /read/,
    from: 'if (this.padFrom >= 0)\n            this.setPadding(this.padFrom);', to: '' },
  { name: 'a writer that may fill one slot too many', file: 'writer.js', scenario: 'two slots, one at a time', says: /race|read|corrupt/,
    from: 'return this.slots - ((this.claimed - this.seenReader) & POSITION_MASK);', to: 'return this.slots + 1 - ((this.claimed - this.seenReader) & POSITION_MASK);' },
  { name: 'a take-over that wakes nobody', file: 'writer.js', scenario: 'a writer that dies anywhere', says: /for ever: .*reader 1 sleeps/,
    from: 'ops.notify(words, WRITER);\n    ops.notify(words, READER);', to: '' },
  { name: 'a half turn that is not mended', file: 'take-over.js', scenario: 'two writers that die, at a turn of the positions', says: /knows how much was published/,
    from: '(stored & 1) === parity ? 0 : 1', to: '0' },
];

describe('the checker finds', () => {
  const here = fileURLToPath(new URL('../../../runtime/ring/', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'faultline-ring-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');

  for (const [k, { name, file, from, to, scenario, says }] of mutants.entries()) {
    test(name, async () => {
      const copy = join(folder, String(k));
      cpSync(here, copy, { recursive: true });
      const source = readFileSync(join(copy, file), 'utf8');
      assert.equal(source.split(from).length, 2, 'the place to change is there, once');
      writeFileSync(join(copy, file), source.replace(from, () => to));
      const classes = (await import(pathToFileURL(join(copy, 'index.js')).href)) as RingClasses;
      const wanted = scenarios.find((one) => one.name === scenario);
      assert.ok(wanted, scenario);
      assert.throws(() => explore(wanted, classes), (error: Error) => error.name === 'Violation' && says.test(error.message));
    });
  }
});
