// Draws docs/replay.svg: one frame of the live view, as `faultline demo --replay` shows it twenty seconds after the bottom of its crash.
// Run by `npm run picture` after a build. The market, the replay and the frame are the program's own.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_CONFIG } from '../dist/config/index.js';
import { TapeReader } from '../dist/data/tape/index.js';
import { DEMO_MARKET } from '../dist/tools/demo/market.js';
import { generateTape, truthPath } from '../dist/tools/market/generate.js';
import { liveSnapshot } from '../dist/tools/replay/live-snapshot.js';
import { renderFrame } from '../dist/tools/replay/live-view.js';
import { Replay } from '../dist/tools/replay/replay.js';

const COLUMNS = 132;
const ROWS = 40;
const FONT_PX = 13;
const LINE_PX = 18;
const COLUMN_PX = 7.8;
const SAMPLE_US = 2_000_000;
const AFTER_BOTTOM_US = 20_000_000;
const PAINT = { ACTIVE: '#ff7b72', ALERT: '#e3b341', RECOVERY: '#76e3ea', SLEEP: '#8b949e' };

const folder = mkdtempSync(join(tmpdir(), 'faultline-picture-'));
try {
  const tape = join(folder, 'crash.tape');
  await generateTape({ ...DEMO_MARKET, out: tape, overwrite: true });
  const truth = JSON.parse(readFileSync(truthPath(tape), 'utf8'));
  writeFileSync(fileURLToPath(new URL('../docs/replay.svg', import.meta.url)), svg(frame(tape, truth)));
} finally {
  rmSync(folder, { recursive: true });
}

function frame(tape, truth) {
  const reader = TapeReader.open(tape);
  const replay = new Replay({ header: reader.header, source: reader, config: DEFAULT_CONFIG, startUs: truth.startUs });
  const stopUs = truth.symbols[0].crash.bottomUs + AFTER_BOTTOM_US;
  let live;
  for (let untilUs = truth.startUs; untilUs <= stopUs; untilUs += SAMPLE_US) {
    while (!replay.advance(65_536, untilUs) && !replay.ended);
    live = liveSnapshot(replay, 'crash.tape', reader.records, truth, 12);
  }
  reader.close();
  return renderFrame(live, COLUMNS, ROWS, false);
}

function svg(lines) {
  const width = Math.ceil(COLUMNS * COLUMN_PX) + 32;
  const height = lines.length * LINE_PX + 32;
  const text = lines.map((line, row) => `<text x="16" y="${16 + LINE_PX * (row + 1) - 5}" xml:space="preserve">${painted(line)}</text>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="faultline replay on a terminal">`,
    `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="${FONT_PX}" fill="#c9d1d9">`,
    ...text,
    '</g></svg>',
    '',
  ].join('\n');
}

function painted(line) {
  const safe = line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return safe.replace(/\b(ACTIVE|ALERT|RECOVERY|SLEEP)\b/g, (state) => `<tspan fill="${PAINT[state]}">${state}</tspan>`);
}
