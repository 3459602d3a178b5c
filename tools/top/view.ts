import { humanSeconds } from '../replay/time.js';
import type { ActorSample, ProcessSample } from './sample.js';
import { lineWidth, pad, widthOf, type Line, type Span, type Style } from './text.js';

export const SORTS = ['tree', 'rate', 'mailbox', 'restarts'] as const;
export type Sort = (typeof SORTS)[number];

/** What the person who looks has chosen. */
export interface ViewState {
  readonly sort: Sort;
  readonly filter: string;
  /** The filter is being typed. */
  readonly typing: boolean;
  readonly help: boolean;
  /** Keys of supervisors and processes whose children are hidden. */
  readonly collapsed: ReadonlySet<string>;
  /** Key of the selected row; null: the first. */
  readonly selected: string | null;
  /** First row of the list that is shown. */
  readonly top: number;
}

export const INITIAL_VIEW: ViewState = { sort: 'tree', filter: '', typing: false, help: false, collapsed: new Set(), selected: null, top: 0 };

/** A row of the list: a process, or an actor of one. */
export interface Row {
  readonly key: string;
  readonly process: ProcessSample;
  readonly actor: ActorSample | null;
  /** Whether something lies below it; and whether that is hidden. */
  readonly folds: boolean;
  readonly isFolded: boolean;
}

export const processKey = (name: string): string => `${name}\n`;
export const actorKey = (name: string, path: string): string => `${name}\n${path}`;

/** The rows that there are, of all processes, as sorted, filtered and folded. */
export function rowsOf(processes: readonly ProcessSample[], { sort, filter, collapsed }: Pick<ViewState, 'sort' | 'filter' | 'collapsed'>): Row[] {
  const wanted = filter.toLowerCase();
  const matches = ({ path, behaviour, state, machineState }: ActorSample): boolean => wanted === '' || [path, behaviour, state, machineState].some((text) => text.toLowerCase().includes(wanted));
  const rows: Row[] = [];
  for (const process of processes) {
    const key = processKey(process.name);
    const isFolded = collapsed.has(key);
    const found = process.actors.filter(matches);
    if (wanted !== '' && found.length === 0 && !process.name.toLowerCase().includes(wanted)) continue;
    rows.push({ key, process, actor: null, folds: process.actors.length > 0, isFolded });
    if (isFolded) continue;
    if (sort === 'tree') {
      // Those above one that is found are shown too: without them nobody sees where it is.
      const shown = wanted === '' ? null : new Set(found.flatMap(({ path }) => ancestors(path)));
      let hiddenBelow: string | null = null;
      for (const actor of process.actors) {
        if (hiddenBelow !== null && isBelow(actor.path, hiddenBelow)) continue;
        hiddenBelow = null;
        if (shown !== null && !shown.has(actor.path)) continue;
        const own = actorKey(process.name, actor.path);
        const folded = collapsed.has(own);
        rows.push({ key: own, process, actor, folds: actor.isSupervisor, isFolded: folded });
        if (folded) hiddenBelow = actor.path;
      }
    } else {
      const by = { rate: (actor: ActorSample) => actor.perSecond ?? 0, mailbox: (actor: ActorSample) => actor.mailbox, restarts: (actor: ActorSample) => actor.restarts }[sort];
      for (const actor of found.toSorted((a, b) => by(b) - by(a))) rows.push({ key: actorKey(process.name, actor.path), process, actor, folds: false, isFolded: false });
    }
  }
  return rows;
}

const isBelow = (path: string, above: string): boolean => above === '/' ? path !== '/' : path.startsWith(`${above}/`);

/** The path and those of all above it. */
function ancestors(path: string): string[] {
  const all = ['/'];
  for (let at = path.indexOf('/', 1); at >= 0; at = path.indexOf('/', at + 1)) all.push(path.slice(0, at));
  return path === '/' ? all : [...all, path];
}

interface Column<T> {
  readonly title: string;
  readonly width: number;
  readonly align: 'l' | 'r';
  /** The last to go where there is no room has the lowest. */
  readonly rank: number;
  cell(of: T): Span;
}

const plain = (text: string, style?: Style): Span => (style === undefined ? { text } : { text, style });
const count = (value: number | null): string => (value === null ? '–' : value < 1e6 ? value.toLocaleString('en-US') : `${(value / 1e6).toFixed(1)}M`);
const rate = (value: number | null): string => (value === null ? '–' : value === 0 ? '0' : value < 10 ? value.toFixed(1) : value < 1e5 ? String(Math.round(value)) : `${Math.round(value / 1000)}k`);
const timeUs = (us: number | null): string => (us === null ? '–' : us < 1000 ? `${Math.round(us)} us` : us < 1e6 ? `${(us / 1000).toFixed(us < 1e4 ? 1 : 0)} ms` : `${(us / 1e6).toFixed(1)} s`);
const memory = (bytes: number | null): string => (bytes === null ? '–' : bytes < 1024 ** 3 ? `${Math.round(bytes / 1024 ** 2)} MiB` : `${(bytes / 1024 ** 3).toFixed(1)} GiB`);

function stateStyle(state: string): Style {
  if (state === 'running') return 'good';
  return state === 'suspended' || state === 'restarting' || state === 'starting' || state === 'stopping' ? 'warn' : 'bad';
}

/** The colour of a machine's state: those of a detector have their own. */
export function machineStyle(state: string): Style {
  switch (state.split('.', 1)[0]) {
    case 'SLEEP': return 'dim';
    case 'ALERT': return 'warn';
    case 'ACTIVE': return 'bad';
    case 'RECOVERY': return 'info';
    default: return 'bold';
  }
}

const PROCESS_COLUMNS: readonly Column<ProcessSample>[] = [
  { title: 'status', width: 14, align: 'l', rank: 1, cell: ({ status, answering }) => plain(status, answering ? undefined : 'warn') },
  { title: 'up', width: 12, align: 'r', rank: 6, cell: ({ uptimeMs }) => plain(uptimeMs === null ? '–' : humanSeconds(uptimeMs / 1000)) },
  { title: 'loop p99', width: 8, align: 'r', rank: 4, cell: ({ loopDelayP99Us, stalledMs }) => (stalledMs === null ? plain(timeUs(loopDelayP99Us)) : plain('stuck', 'bad')) },
  { title: 'turn p99', width: 8, align: 'r', rank: 3, cell: ({ turnP99Us }) => plain(timeUs(turnP99Us)) },
  { title: 'memory', width: 8, align: 'r', rank: 5, cell: ({ rssBytes }) => plain(memory(rssBytes)) },
  { title: 'msg/s', width: 7, align: 'r', rank: 2, cell: ({ messagesPerSecond }) => plain(rate(messagesPerSecond)) },
  { title: 'restarts', width: 8, align: 'r', rank: 7, cell: ({ restarts }) => plain(count(restarts), restarts !== null && restarts > 0 ? 'warn' : undefined) },
  { title: 'dead', width: 7, align: 'r', rank: 8, cell: ({ deadLetters }) => plain(count(deadLetters)) },
];

const ACTOR_COLUMNS: readonly Column<ActorSample>[] = [
  { title: 'state', width: 11, align: 'l', rank: 1, cell: ({ state }) => plain(state, stateStyle(state)) },
  { title: 'machine', width: 12, align: 'l', rank: 4, cell: ({ machineState }) => plain(machineState, machineStyle(machineState)) },
  { title: 'inc', width: 4, align: 'r', rank: 7, cell: ({ incarnation }) => plain(String(incarnation)) },
  { title: 'restarts', width: 8, align: 'r', rank: 5, cell: ({ restarts }) => plain(String(restarts), restarts > 0 ? 'warn' : undefined) },
  { title: 'mailbox', width: 7, align: 'r', rank: 3, cell: ({ mailbox }) => plain(count(mailbox), mailbox > 0 ? 'warn' : undefined) },
  { title: 'msg/s', width: 7, align: 'r', rank: 2, cell: ({ perSecond }) => plain(rate(perSecond)) },
  { title: 'behaviour', width: 20, align: 'l', rank: 8, cell: ({ behaviour }) => plain(behaviour, 'dim') },
  { title: 'last exit', width: 30, align: 'l', rank: 9, cell: ({ lastExit }) => plain(lastExit, 'dim') },
];

/** The columns that fit beside a name of `least` columns, and what is left for the name. */
function fitting<T>(columns: readonly Column<T>[], width: number, least: number, most: number): { readonly columns: readonly Column<T>[]; readonly name: number } {
  const kept = new Set<Column<T>>();
  let left = width - least;
  for (const column of columns.toSorted((a, b) => a.rank - b.rank)) {
    if (left < column.width + 1) break;
    kept.add(column);
    left -= column.width + 1;
  }
  return { columns: columns.filter((column) => kept.has(column)), name: Math.min(most, least + Math.max(0, left)) };
}

const cells = <T>(of: T, columns: readonly Column<T>[]): Span[] => columns.map((column) => {
  const { text, style } = column.cell(of);
  return plain(` ${pad(text, column.width, column.align)}`, style);
});
const head = <T>(columns: readonly Column<T>[]): string => columns.map(({ title, width, align }) => ` ${pad(title, width, align)}`).join('');

function processTable(processes: readonly ProcessSample[], width: number, most: number): Line[] {
  if (most < 2 || processes.length === 0) return [];
  const { columns, name } = fitting(PROCESS_COLUMNS, width, Math.min(24, Math.max(8, ...processes.map((process) => widthOf(process.name))) + 1), 32);
  const shown = processes.length <= most - 1 ? processes : processes.slice(0, Math.max(1, most - 2));
  return [
    [plain(pad('process', name) + head(columns), 'dim')],
    ...shown.map((process): Line => [plain(pad(process.name, name), process.alerts.some(({ severity }) => severity === 'bad') ? 'bad' : process.alerts.length > 0 ? 'warn' : 'bold'), ...cells(process, columns)]),
    ...(shown.length < processes.length && most > 2 ? [[plain(`… ${processes.length - shown.length} more`, 'dim')]] : []),
  ];
}

function detectorLines(processes: readonly ProcessSample[], width: number, most: number): Line[] {
  const all = processes.flatMap(({ name, detectors }) => detectors.map((detector) => ({ ...detector, of: name })));
  if (all.length === 0 || most < 1) return [];
  const several = new Set(all.map(({ of }) => of)).size > 1;
  const lines: Span[][] = [[plain('detectors', 'dim')]];
  let shown = 0;
  for (const { name, state, of } of all) {
    const spans = [plain(`  ${several ? `${of}:` : ''}${name} `), plain(state, machineStyle(state))];
    const last = lines.at(-1)!;
    if (lineWidth([...last, ...spans]) <= width) last.push(...spans);
    else if (lines.length < most) lines.push(spans);
    else {
      last.push(plain(`  … ${all.length - shown} more`, 'dim'));
      break;
    }
    shown += 1;
  }
  return lines;
}

function alertLines(processes: readonly ProcessSample[], most: number): Line[] {
  const all = processes.flatMap(({ name, alerts }) => alerts.map((alert) => ({ ...alert, name })));
  all.sort((a, b) => Number(a.severity === 'warn') - Number(b.severity === 'warn'));
  // One line that is all there is goes to the worst of them.
  const shown = all.length <= most ? all : all.slice(0, Math.max(1, most - 1));
  const lines: Span[][] = shown.map(({ severity, text, name }) => [plain(severity === 'bad' ? '! ' : '* ', severity), plain(processes.length > 1 ? `${name}: ` : '', 'bold'), plain(text, severity)]);
  const more = all.length - shown.length;
  if (more > 0 && most > 1) lines.push([plain(`… ${more} more alerts`, 'warn')]);
  else if (more > 0) lines[0]!.splice(1, 0, plain(`(+${more}) `, 'dim'));
  return lines;
}

/** Rows of the list as lines, with a head. */
function listLines(rows: readonly Row[], width: number, selected: string | null): { readonly head: Line; readonly lines: readonly Line[] } {
  const { columns, name } = fitting(ACTOR_COLUMNS, width, Math.min(34, Math.max(10, Math.floor(width * 0.4))), 52);
  const lines = rows.map(({ key, process, actor, folds, isFolded }): Line => {
    const sign = folds ? (isFolded ? '▸' : '▾') : ' ';
    const line: Line = actor === null
      ? [plain(pad(`${sign} ${process.name}`, name), 'title'), plain(process.answering ? ` pid ${process.pid ?? '?'}  ${process.actors.length} actors${process.ageMs > STALE_MS ? `, ${Math.round(process.ageMs / 1000)} s old` : ''}` : ` ${process.status}`, process.answering ? 'dim' : 'warn')]
      : [plain(pad(`${'  '.repeat(Math.min(actor.depth + 1, Math.floor(Math.min(MOST_DEPTH, name / 5))))}${sign} ${actor.id}${columns.length === 0 && actor.state !== 'running' ? `: ${actor.state}` : ''}${actor.omitted > 0 ? ` (${actor.omitted} not told)` : ''}`, name)), ...cells(actor, columns)];
    return key === selected ? [plain(line.map(({ text }) => text).join(''), 'selected')] : line;
  });
  return { head: [plain(pad('actor', name) + head(columns), 'dim')], lines };
}

const STALE_MS = 5000;
const MOST_DEPTH = 12;

const HELP = [
  'up, down, k, j      select a row', 'PgUp, PgDn, Home, End', 'left, right, space  fold and unfold', '- and +             fold and unfold all', '/                   filter by path, behaviour, state; Esc ends it',
  's                   sort: tree, rate, mailbox, restarts', '?                   this help; any key ends it', 'q, Ctrl-C           end', '', 'loop p99: delay of the main loop; turn p99: length of its', 'bursts of turns, both since the process began.', 'inc: incarnation; dead: messages that nobody handled.',
  'A look leaves no trace in the processes.',
];

export interface FrameSize {
  readonly columns: number;
  readonly rows: number;
}

export interface Frame {
  readonly lines: readonly Line[];
  /** The view as it is shown: the selection exists, and is in sight. */
  readonly view: ViewState;
  /** Rows of the list that are in sight. */
  readonly page: number;
}

/** Below so many columns the head says less. */
const NARROW = 56;

/** A whole frame, of any size: what does not fit is left out, least important first. At most `rows` lines; they may be too wide. */
export function frameOf(processes: readonly ProcessSample[], view: ViewState, { columns, rows }: FrameSize, clock: string): Frame {
  const alerts = processes.reduce((sum, process) => sum + process.alerts.length, 0);
  const what = `${processes.length === 0 ? 'no process is running' : processes.length === 1 ? '1 process' : `${processes.length} processes`}${alerts === 0 ? '' : `, ${alerts} alert${alerts === 1 ? '' : 's'}`}`;
  const lines: Line[] = [columns < NARROW
    ? [plain('top ', 'title'), plain(alerts > 0 ? `${alerts} alert${alerts === 1 ? '' : 's'}` : what, alerts > 0 ? 'warn' : undefined), plain(` ${clock}`)]
    : [plain('faultline top', 'title'), plain(`  ${clock}  `), plain(what, alerts > 0 ? 'warn' : undefined), plain('  ? help', 'dim')]];
  if (view.help) return { lines: [...lines, ...HELP.map((text): Line => [plain(text)])].slice(0, rows), view, page: Math.max(1, rows - 1) };
  const foot: Line | null = view.typing || view.filter !== '' ? [plain(`/${view.filter}${view.typing ? '_' : ''}`, 'info')] : view.sort === 'tree' ? null : [plain(`sorted by ${view.sort}`, 'dim')];
  const space = rows - lines.length - (foot === null ? 0 : 1);
  const isRoomy = rows >= 12;
  if (isRoomy) {
    lines.push(...processTable(processes, columns, Math.max(2, Math.floor(space / 4))));
    lines.push(...alertLines(processes, Math.max(1, Math.floor(space / 4))));
    lines.push(...detectorLines(processes, columns, Math.max(1, Math.floor(space / 8))));
  } else if (alerts > 0 && space > 3) lines.push(...alertLines(processes, 1));
  const all = rowsOf(processes, view);
  const at = Math.max(0, all.findIndex(({ key }) => key === view.selected));
  const selected = all[at]?.key ?? null;
  const hasHead = rows >= 8;
  const page = Math.max(1, rows - lines.length - (hasHead ? 1 : 0) - (foot === null ? 0 : 1));
  const top = Math.max(0, Math.min(at, Math.max(view.top, at - page + 1), Math.max(0, all.length - page)));
  const shown = listLines(all.slice(top, top + page), columns, selected);
  if (hasHead) lines.push(shown.head);
  lines.push(...shown.lines);
  if (all.length === 0 && processes.length > 0) lines.push([plain('nothing matches the filter', 'dim')]);
  if (foot !== null) {
    while (lines.length < rows - 1) lines.push([]);
    lines.splice(rows - 1, Infinity, foot);
  }
  return { lines: lines.slice(0, rows), view: { ...view, selected, top }, page };
}

/** Everything, in as many lines as it takes: for a pipe. */
export function wholeText(processes: readonly ProcessSample[], sort: Sort, columns: number, clock: string): Line[] {
  const { head: title, lines } = listLines(rowsOf(processes, { ...INITIAL_VIEW, sort }), columns, null);
  const blank: Line = [];
  const alerts = alertLines(processes, Infinity);
  const detectors = detectorLines(processes, columns, Infinity);
  return [
    [plain('faultline top', 'title'), plain(`  ${clock}`)], ...processTable(processes, columns, Infinity), ...(alerts.length === 0 ? [] : [blank, ...alerts]), ...(detectors.length === 0 ? [] : [blank, ...detectors]), blank, title, ...lines,
  ];
}
