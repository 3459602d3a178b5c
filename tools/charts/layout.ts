import { createRequire } from 'node:module';
import type { ELK, ElkExtendedEdge, ElkNode, LayoutOptions } from 'elkjs/lib/elk-api.js';
import type { Chart, ChartModel, ChartState } from '../../runtime/index.js';
import { CHART_FONT, type ChartArrow, type ChartBox, type ChartGeometry, type ChartLabel, type ChartLine } from '../ui/wire/chart.js';
import { plainly } from './plain.js';
import { causeText, cut, stateName, transitionName, transitionText } from './words.js';

/** Characters of a line inside a state and of a label, lines of each. */
const LONGEST_LINE = 58;
const LONGEST_LABEL = 44;
const LONGEST_TITLE = 40;
const MOST_LINES = 14;
const MOST_LABELS = 5;
const DOT = 12;
const HISTORY = 26;

const GRAPH: LayoutOptions = {
  'elk.algorithm': 'layered',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.randomSeed': '1',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.padding': '[top=12,left=12,bottom=12,right=12]',
};
/** ELK hands these on to nobody: every state with states in it gets them. Its options for the order of the model make it throw on nested graphs. */
const INSIDE: LayoutOptions = {
  'elk.direction': 'DOWN',
  'elk.layered.nodePlacement.strategy': 'LINEAR_SEGMENTS',
  'elk.edgeLabels.placement': 'CENTER',
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '14',
  'elk.spacing.edgeEdge': '10',
  'elk.spacing.edgeLabel': '4',
  'elk.layered.spacing.nodeNodeBetweenLayers': '28',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
};
/** From so many arrows on that lead to one state and say the same, one of them says it for all. */
const SAID_ONCE = 3;
/** Beyond this ELK takes ten seconds and more. The largest machine of the product has 80. */
const MOST_ARROWS = 200;

/** Where everything of a chart stands, by ELK's layered algorithm. The same chart gets the same geometry, to the digit. */
export async function layoutOf({ model, digest }: Pick<Chart, 'model' | 'digest'>): Promise<ChartGeometry> {
  const plan = planOf(model);
  const arrows = plan.graph.edges?.length ?? 0;
  const laid = arrows > MOST_ARROWS ? plainly(plan.graph) : await withElk(plan.graph);
  const boxes: ChartBox[] = [];
  collect(laid, plan, boxes);
  const boxOf = new Map(boxes.filter(({ shape }) => shape !== 'initial').map((box) => [box.state, box]));
  const { states, transitions } = model.omitted;
  const notes = [
    ...(states + transitions === 0 ? [] : [`${states} states and ${transitions} transitions of this machine are beyond the bounds of a chart and not shown.`]),
    ...(arrows > MOST_ARROWS ? [`With ${arrows} arrows it is too large to be laid out well: states stand in rows.`] : []),
  ];
  return {
    digest,
    id: model.id,
    width: Math.ceil(laid.width ?? 0),
    height: Math.ceil(laid.height ?? 0),
    boxes,
    arrows: (laid.edges ?? []).flatMap((edge) => arrowOf(edge, plan)).map((arrow) => belowHeader(arrow, boxOf.get(arrow.source))),
    stateNames: model.states.map((_, place) => stateName(model, place)),
    transitionNames: model.transitions.map((_, place) => transitionName(model, place)),
    note: notes.length === 0 ? null : notes.join(' '),
  };
}

/** ELK throws on some graphs that are unlike any that its authors had; those are drawn plainly. */
async function withElk(graph: ElkNode): Promise<ElkNode> {
  const elkOf = await engine();
  try {
    return await elkOf.layout(structuredClone(graph));
  } catch {
    return plainly(graph);
  }
}

interface Plan {
  readonly graph: ElkNode;
  readonly boxOf: ReadonlyMap<string, Omit<ChartBox, 'x' | 'y' | 'width' | 'height'>>;
  readonly arrowOf: ReadonlyMap<string, Pick<ChartArrow, 'transitions' | 'source' | 'target' | 'labels'>>;
}

let elk: Promise<ELK> | null = null;

/** ELK is two megabytes of code: loaded when the first chart is laid out. It runs in the caller's thread. */
function engine(): Promise<ELK> {
  elk ??= (async () => {
    const { default: Elk } = (await import('elkjs/lib/elk-api.js')) as unknown as { default: { default?: unknown } };
    const Api = (typeof Elk === 'function' ? Elk : Elk.default) as new (options: object) => ELK;
    const { Worker } = createRequire(import.meta.url)('elkjs/lib/elk-worker.min.js') as { Worker: new (url: string) => unknown };
    return new Api({ workerFactory: (url: string) => new Worker(url) });
  })();
  return elk;
}

function planOf(model: ChartModel): Plan {
  const boxOf = new Map<string, Omit<ChartBox, 'x' | 'y' | 'width' | 'height'>>();
  const arrowsById = new Map<string, Pick<ChartArrow, 'transitions' | 'source' | 'target' | 'labels'>>();
  const nodes: ElkNode[] = [];
  const edges: ElkExtendedEdge[] = [];

  for (const [place, state] of model.states.entries()) {
    const node = nodeOf(model, place, state, boxOf);
    nodes.push(node);
    if (state.parent !== null) (nodes[state.parent]!.children ??= []).push(node);
  }
  for (const [place, { initial }] of model.states.entries()) {
    if (initial === null) continue;
    const id = `i${place}`;
    boxOf.set(id, { state: place, shape: 'initial', title: '', full: `${stateName(model, place)} begins in ${stateName(model, initial)}`, lines: [] });
    nodes[place]!.children!.unshift({ id, width: DOT, height: DOT });
    edges.push({ id: `b${place}`, sources: [id], targets: [`s${initial}`] });
    arrowsById.set(`b${place}`, { transitions: [], source: place, target: initial, labels: [] });
  }
  const arrows = bundles(model).map((bundle) => ({ ...bundle, labels: labelsOf(model, bundle.transitions) }));
  const says = ({ target, labels }: { readonly target: number; readonly labels: readonly ChartLabel[] }): string => JSON.stringify([target, labels.map(({ full }) => full)]);
  const alike = new Map<string, number>();
  for (const arrow of arrows) alike.set(says(arrow), (alike.get(says(arrow)) ?? 0) + 1);
  const said = new Set<string>();
  for (const arrow of arrows) {
    const { source, target, transitions, labels } = arrow;
    const id = `e${source}-${target}`;
    const words = says(arrow);
    if (said.has(words) && alike.get(words)! >= SAID_ONCE) {
      edges.push({ id, sources: [`s${source}`], targets: [`s${target}`] });
      arrowsById.set(id, { transitions, source, target, labels });
      continue;
    }
    said.add(words);
    const width = Math.max(...labels.map(({ text }) => text.length)) * CHART_FONT.charWidth + 8;
    edges.push({ id, sources: [`s${source}`], targets: [`s${target}`], labels: [{ id: `l${id}`, text: ' ', width, height: labels.length * CHART_FONT.lineHeight + 2 }] });
    arrowsById.set(id, { transitions, source, target, labels });
  }
  return { graph: { id: 'chart', layoutOptions: { ...GRAPH, ...INSIDE }, children: [nodes[0]!], edges }, boxOf, arrowOf: arrowsById };
}

function nodeOf(model: ChartModel, place: number, state: ChartState, boxOf: Map<string, Omit<ChartBox, 'x' | 'y' | 'width' | 'height'>>): ElkNode {
  const id = `s${place}`;
  const title = cut(state.key, LONGEST_TITLE);
  const full = [stateName(model, place), state.description ?? '', state.tags.length > 0 ? `tags: ${state.tags.join(', ')}` : ''].filter((part) => part !== '').join('\n');
  if (state.type === 'history') {
    boxOf.set(id, { state: place, shape: 'history', title: state.history === 'deep' ? 'H*' : 'H', full, lines: [] });
    return { id, width: HISTORY, height: HISTORY };
  }
  const lines = linesOf(model, place, state);
  const isOpen = state.type === 'compound' || state.type === 'parallel';
  boxOf.set(id, { state: place, shape: state.type === 'final' ? 'final' : state.type === 'parallel' ? 'parallel' : isOpen ? 'region' : 'state', title, full, lines });
  const { inset, charWidth, titleCharWidth, headerHeight, lineHeight } = CHART_FONT;
  const width = Math.ceil(Math.max(60, title.length * titleCharWidth, ...lines.map(({ text }) => text.length * charWidth)) + 2 * inset);
  const height = headerHeight + (lines.length === 0 ? 4 : lines.length * lineHeight + 10);
  if (!isOpen) return { id, width, height };
  return {
    id,
    layoutOptions: {
      ...INSIDE,
      'elk.padding': `[top=${height + 12},left=16,bottom=16,right=16]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${width},${height + 20})`,
    },
    children: [],
  };
}

function linesOf(model: ChartModel, place: number, { entry, exit, invoke, defers }: ChartState): ChartLine[] {
  const texts: { kind: ChartLine['kind']; text: string; transition: number | null }[] = [];
  if (entry.length > 0) texts.push({ kind: 'entry', text: `entry / ${entry.join(', ')}`, transition: null });
  if (exit.length > 0) texts.push({ kind: 'exit', text: `exit / ${exit.join(', ')}`, transition: null });
  for (const one of invoke) texts.push({ kind: 'invoke', text: `invoke ${one}`, transition: null });
  if (defers.length > 0) texts.push({ kind: 'defers', text: `defer ${defers.join(', ')}`, transition: null });
  for (const [at, transition] of model.transitions.entries()) {
    if (transition.source === place && transition.targets.length === 0) texts.push({ kind: 'inner', text: transitionText(transition), transition: at });
  }
  const left = texts.length - MOST_LINES;
  if (left > 1) texts.splice(MOST_LINES, texts.length, { kind: 'more', text: `… and ${left} more`, transition: null });
  return texts.map(({ kind, text, transition }, at) => ({ kind, text: cut(text, LONGEST_LINE), full: text, transition, y: CHART_FONT.headerHeight + 8 + (at + 0.5) * CHART_FONT.lineHeight }));
}

/** The transitions that leave their states, those between the same two together. */
function bundles({ transitions }: ChartModel): { readonly source: number; readonly target: number; readonly transitions: readonly number[] }[] {
  const found = new Map<string, { source: number; target: number; transitions: number[] }>();
  for (const [place, { source, targets }] of transitions.entries()) {
    for (const target of new Set(targets)) {
      const key = `${source} ${target}`;
      const bundle = found.get(key) ?? { source, target, transitions: [] };
      bundle.transitions.push(place);
      found.set(key, bundle);
    }
  }
  return [...found.values()];
}

function labelsOf({ transitions }: ChartModel, places: readonly number[]): ChartLabel[] {
  const labels = places.slice(0, places.length > MOST_LABELS ? MOST_LABELS - 1 : MOST_LABELS).map((place) => {
    const transition = transitions[place]!;
    return { text: cut(causeText(transition), LONGEST_LABEL), full: transitionText(transition), transition: place };
  });
  const left = places.length - labels.length;
  if (left > 0) labels.push({ text: `… and ${left} more`, full: places.slice(-left).map((place) => transitionText(transitions[place]!)).join('\n'), transition: -1 });
  return labels;
}

function collect(node: ElkNode, plan: Plan, boxes: ChartBox[]): void {
  const box = plan.boxOf.get(node.id);
  if (box !== undefined) boxes.push({ ...box, x: round(node.x), y: round(node.y), width: round(node.width), height: round(node.height) });
  for (const child of node.children ?? []) collect(child, plan, boxes);
}

function arrowOf(edge: ElkExtendedEdge, { arrowOf: known }: Plan): ChartArrow[] {
  const arrow = known.get(edge.id);
  if (arrow === undefined) return [];
  const paths = (edge.sections ?? []).map(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint].map(({ x, y }) => [round(x), round(y)] as const));
  const [label] = edge.labels ?? [];
  const labelBox = label === undefined ? null : { x: round(label.x), y: round(label.y), width: round(label.width), height: round(label.height) };
  return [{ ...arrow, paths, labelBox }];
}

/** An arrow from a state to one inside it comes from its upper border, across its text: it begins below that instead. */
function belowHeader(arrow: ChartArrow, source: ChartBox | undefined): ChartArrow {
  if (source === undefined || source.lines.length === 0) return arrow;
  const belowY = source.y + CHART_FONT.headerHeight + source.lines.length * CHART_FONT.lineHeight + 10;
  return {
    ...arrow,
    paths: arrow.paths.map((points) => {
      const [[x, y] = [0, 0], next] = points;
      return next !== undefined && y === source.y && next[0] === x && next[1] > belowY ? [[x, belowY] as const, ...points.slice(1)] : points;
    }),
  };
}

/** To a quarter of a pixel. */
function round(value: number | undefined): number {
  return Math.round((value ?? 0) * 4) / 4;
}
