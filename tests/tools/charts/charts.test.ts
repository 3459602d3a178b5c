import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createMachine, StateMachine, type AnyStateMachine } from 'xstate';
import { chartOfMachine } from '../../../runtime/index.js';
import { bringUpToDate, staleIn } from '../../../tools/charts/export.js';
import { layoutOf } from '../../../tools/charts/layout.js';
import { PRODUCT_MACHINES } from '../../../tools/charts/machines.js';
import { mermaidOf } from '../../../tools/charts/mermaid.js';
import { pathOf, svgOf } from '../../../tools/charts/svg.js';
import { everything } from '../../runtime/probe/machines.js';
import { faultline, projectRoot } from '../cli/run-node.js';

test('docs/machines is current: of a copy with one file gone and one changed, the check names exactly those', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'charts-'));
  try {
    cpSync(join(projectRoot, 'docs/machines'), folder, { recursive: true });
    rmSync(join(folder, 'breaker.svg'));
    writeFileSync(join(folder, 'detector.mmd'), 'old');
    const { code, stderr } = await faultline(['charts', 'export', '--check', '--out', folder], { cwd: projectRoot });
    assert.equal(code, 6, stderr);
    assert.match(stderr, /not current in \S+: detector\.mmd, breaker\.svg\n {2}fix: /, 'others? npx faultline charts export');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the export writes what is not current, and nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'charts-'));
  try {
    const files = new Map([['a.svg', 'a'], ['b.mmd', 'b']]);
    assert.deepEqual(bringUpToDate(join(folder, 'deep'), files), ['a.svg', 'b.mmd']);
    writeFileSync(join(folder, 'deep/b.mmd'), 'other');
    assert.deepEqual([staleIn(join(folder, 'deep'), files), bringUpToDate(join(folder, 'deep'), files), staleIn(join(folder, 'deep'), files)], [['b.mmd'], ['b.mmd'], []]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('every XState machine under actors/ is in docs/machines', async () => {
  const known = new Set<unknown>(PRODUCT_MACHINES.map(({ machine }) => machine));
  for (const file of readdirSync(join(projectRoot, 'actors'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || !readFileSync(join(projectRoot, 'actors', file), 'utf8').includes("from 'xstate'")) continue;
    const module = (await import(pathToFileURL(join(projectRoot, 'dist/actors', file.replace(/\.ts$/, '.js'))).href)) as Readonly<Record<string, unknown>>;
    const machines = Object.entries(module).filter(([, value]) => value instanceof StateMachine);
    assert.ok(machines.length > 0, `actors/${file} uses XState and exports no machine`);
    for (const [name, machine] of machines) assert.ok(known.has(machine), `${name} of actors/${file} is missing in tools/charts/machines.ts`);
  }
  for (const { file } of PRODUCT_MACHINES) assert.ok(statSync(join(projectRoot, file)).isFile());
});

test('a layout has everything of its chart, inside the drawing and inside its parent, the same each time; so has its SVG', async () => {
  const chart = chartOfMachine(everything);
  const geometry = await layoutOf(chart);
  assert.deepEqual(await layoutOf(chartOfMachine(everything)), geometry);
  const { states, transitions } = chart.model;
  const boxes = new Map(geometry.boxes.filter(({ shape }) => shape !== 'initial').map((box) => [box.state, box]));
  assert.equal(boxes.size, states.length);
  for (const [place, { parent }] of states.entries()) {
    const box = boxes.get(place)!;
    const around = parent === null ? { x: 0, y: 0, width: geometry.width, height: geometry.height } : boxes.get(parent)!;
    assert.ok(box.x >= around.x && box.y >= around.y && box.x + box.width <= around.x + around.width && box.y + box.height <= around.y + around.height, states[place]!.id);
  }
  const shown = new Set([...geometry.arrows.flatMap((arrow) => arrow.transitions), ...geometry.boxes.flatMap(({ lines }) => lines.flatMap(({ transition }) => transition ?? []))]);
  assert.equal(shown.size, transitions.length, 'each transition is an arrow or a line');
  for (const { paths, source, target } of geometry.arrows) assert.ok(paths.length > 0 && paths.every((points) => points.length >= 2), `${source} to ${target}`);
  const svg = svgOf(geometry, 'One of everything');
  for (const { key, type } of states) if (type !== 'history') assert.ok(svg.includes(`>${key}</text>`), key);
  assert.match(svg, /^<svg [^>]*role="img" aria-labelledby="t d">\n<title id="t">Statechart of all<\/title>\n<desc id="d">One of everything<\/desc>/);
  assert.match(svg, /@media \(prefers-color-scheme: dark\)/);
});

test('hostile names are text in the SVG and in Mermaid', async () => {
  const bad = '</text><script>alert(1)</script>"]]>\u0000\u0007 --> [*]\nend note';
  const machine = createMachine({ id: bad, initial: bad, states: { [bad]: { entry: bad, on: { [bad]: 'b' } }, b: {} } } as never) as unknown as AnyStateMachine;
  const chart = chartOfMachine(machine);
  const svg = svgOf(await layoutOf(chart), bad);
  assert.ok(!svg.includes('<script') && !/[\u0000-\u0008]/.test(svg));
  assert.equal([...svg.matchAll(/<(\w+)/g)].filter(([, tag]) => !['svg', 'title', 'desc', 'style', 'defs', 'marker', 'path', 'rect', 'g', 'text', 'circle'].includes(tag!)).length, 0);
  const mermaid = mermaidOf(chart.model);
  assert.ok(mermaid.split('\n').every((line) => /^(---|title: .*|stateDiagram-v2| *state "[^"]*" as s\d+( \{)?| *\[\*\] --> s\d+| *s\d+ --> (s\d+ : .*|\[\*\])| *note right of s\d+| {4}.*| {2}end note| *\}|)$/.test(line)), mermaid);
  assert.equal(mermaid.match(/end note/g)!.length, mermaid.match(/note right/g)!.length + (mermaid.match(/#10;end note/g)?.length ?? 0));
});

test('Mermaid has each transition once: as an arrow, or in the note of a state where it has no arrow for it', () => {
  const text = mermaidOf(chartOfMachine(everything).model);
  for (const line of ['  s1 --> s2 : go [big]', '  s1 --> s6 : go [above(5)] / add', '  s2 --> s10 : back', '    reset → idle', '    add / add', '    [*] --> s1', '      s5 --> [*]', '    --']) {
    assert.equal(text.split('\n').filter((one) => one.trim() === line.trim()).length, 1, `${line}\n${text}`);
  }
  assert.ok(!text.includes('s0 --> s1'), 'Mermaid fails on an arrow from a state to one inside it');
});

test('a machine of 500 states is drawn plainly, and says so', async () => {
  const states = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`s${n}`, { on: { next: `s${(n + 1) % 500}`, self: { target: `s${n}`, reenter: true } } }]));
  const geometry = await layoutOf(chartOfMachine(createMachine({ id: 'big', initial: 's0', states } as never) as unknown as AnyStateMachine));
  assert.equal(geometry.boxes.length, 502);
  assert.match(geometry.note!, /1001 arrows .* rows/);
  const [root, , ...inner] = geometry.boxes;
  for (const { x, y, width, height } of inner) assert.ok(x >= root!.x && y >= root!.y && x + width <= root!.x + root!.width && y + height <= root!.y + root!.height);
  assert.ok(geometry.arrows.every(({ paths }) => paths.length === 1 && paths[0]!.flat().every(Number.isFinite)));
});

test('corners are rounded by no more than half of what meets in them', () => {
  assert.equal(pathOf([[0, 0], [10, 0], [10, 4]]), 'M0 0L5 0Q10 0 10 2L10 4');
  assert.equal(pathOf([[3, 3]]), 'M3 3');
  assert.equal(pathOf([]), '');
});
