import { renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { RotatingFile } from '../../../tools/process/log-file.js';

// Writes a log as a test's child: `until-full` until the disk takes no more, `for-ever` telling every line that was taken.
const [folder = '', mode = ''] = process.argv.slice(2);
let nowMs = 0;
const limits = { maxBytes: mode === 'until-full' ? 1 << 30 : 4000, maxAgeMs: 0, keepFiles: 10_000, keepAgeMs: 0 };
const file = new RotatingFile(folder, 'p', limits, (lines, code) => `lost ${lines} ${code}\n`, () => nowMs);
const line = (index: number): string => `line ${index} ${'x'.repeat(90)}\n`;

if (mode === 'until-full') {
  for (let index = 0; file.lost < 3; index++) file.write(line(index));
  renameSync(file.path, join(folder, 'full.log'));
  nowMs += 60_000;
  file.write('room again\n');
  process.stdout.write(JSON.stringify({ lost: file.lost }));
} else {
  for (let index = 0; ; index++) {
    file.write(line(index));
    writeSync(1, `${index}\n`);
  }
}
