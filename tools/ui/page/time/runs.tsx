import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { RunSource } from '../../wire/sources.js';
import type { RunsDiffer, RunSide, StepBy, TimeCause, TimeCursor, TimeOpened } from '../../wire/time.js';
import { get, subscribe } from '../api.js';
import { notify, source, sources, view, selectSource } from '../state.js';
import { unitText } from '../units.js';
import { From } from './cause.js';
import { seek, utc } from './session.js';

const left = signal('');
const right = signal('');
const found = signal<RunsDiffer | null>(null);
const problem = signal('');
/** A step of both is under way. */
const stepping = signal(false);
/** What is being compared: how far each of the two has been read, from 0 to 1, and the way to call it off. */
const reading = signal<{ readonly shares: readonly [a: number, b: number]; readonly callOff: () => void } | null>(null);

/** Two runs from the first decision that differs, and on from there, both together. */
export function RunsView() {
  const runs = sources.value.filter((each): each is RunSource => each.kind === 'run' && each.state !== 'unreadable');
  const names = new Set(runs.map(({ id }) => id));
  useEffect(() => {
    // What somebody has chosen stays; what was not there before may be better than nothing.
    if (left.value !== '' || right.value !== '') return;
    [left.value, right.value] = pairOf(runs, source.peek());
  }, [runs.length]);
  useEffect(() => () => reading.peek()?.callOff(), []);
  const differ = found.value;
  const chosen = runs.find(({ id }) => id === left.value);
  const isReading = reading.value !== null;
  return (
    <div class="runs-view">
      <form
        class="runs-choose"
        onSubmit={(event) => {
          event.preventDefault();
          void compare();
        }}
      >
        {([['a', left], ['b', right]] as const).map(([name, side]) => (
          <label key={name}>{`${name} `}
            <select value={side.value} disabled={isReading} onChange={(event) => (side.value = event.currentTarget.value)}>
              {names.has(side.value) ? null : <option value={side.value}>{side.value === '' ? 'choose a run' : side.value}</option>}
              {runs.map((run) => <option key={run.id} value={run.id}>{titleOf(run, name === 'b' ? chosen : undefined)}</option>)}
            </select>
          </label>
        ))}
        <button type="submit" disabled={isReading || stepping.value || left.value === '' || right.value === '' || left.value === right.value}>compare</button>
        {isReading ? null : <span class="muted" role="status">{adviceText(runs)}</span>}
      </form>
      <Reading />
      {problem.value === '' ? null : <p class="warn" role="alert">{problem.value}</p>}
      {differ === null ? <p class="muted runs-none">Two runs of the same tree, side by side: both are replayed up to the first decision that differs, and step on from there together. With the same tape, replays of another configuration or of other faults are such runs: <code>faultline replay TAPE --run</code>.</p> : <Differ differ={differ} />}
    </div>
  );
}

/** The two newest runs that can be compared, the one that is looked at before others; '' where there is none. */
export function pairOf(runs: readonly RunSource[], looked: string): readonly [a: string, b: string] {
  const whole = runs.filter(({ state, alike }) => state !== 'written' && alike !== null);
  const first = [...whole.filter(({ id }) => id === looked), ...whole];
  for (const a of first) {
    const b = whole.find(({ id, alike }) => id !== a.id && alike === a.alike);
    if (b !== undefined) return [a.id, b.id];
  }
  return [first[0]?.id ?? '', ''];
}

function titleOf({ name, what, alike }: RunSource, other: RunSource | undefined): string {
  return `${name}${what === '' ? '' : ` · ${what}`}${other !== undefined && other.alike !== alike ? ' · of another kind' : ''}`;
}

function adviceText(runs: readonly RunSource[]): string {
  if (runs.length < 2) return 'there are no two runs to compare';
  const [a, b] = [left.value, right.value].map((id) => runs.find((run) => run.id === id));
  if (a !== undefined && b === undefined) return 'no other run is of the same kind, strategy and instruments: choose one to compare it with all the same';
  return a !== undefined && b !== undefined && a !== b && a.alike !== b.alike ? 'these are of another kind, strategy or market: they differ from the beginning on' : '';
}

/** How far both have been read. */
function Reading() {
  const now = reading.value;
  if (now === null) return null;
  const isRead = now.shares.every((share) => share >= 1);
  return (
    <div class="runs-reading" role="status">
      {(['a', 'b'] as const).map((name, at) => <label key={name}>{`${name} `}<progress max={1} value={now.shares[at]} />{` ${Math.floor(100 * now.shares[at]!)} %`}</label>)}
      <span class="muted">{isRead ? 'looking for the first decision that differs' : 'replaying both'}</span>
      <button type="button" onClick={now.callOff}>call off</button>
    </div>
  );
}

function Differ({ differ }: { readonly differ: RunsDiffer }) {
  const { equal, index, a, b, between } = differ;
  return (
    <>
      <h2>{equal ? 'Every decision is the same; both stand at their end' : `Decision ${index} is the first that differs`}</h2>
      {equal ? <p class="runs-equal good">{between.length === 0 ? 'Nothing differs: code, configuration and what they heard are the same, and so is every decision that they made.' : 'What they differ in changed no decision:'}</p> : null}
      {between.length === 0 ? null : <ul class="runs-between" aria-label="they differ in">{between.map((line) => <li key={line}>{line}</li>)}</ul>}
      <div class="runs-steps" role="group" aria-label="both runs">
        {(['decision', 'restart'] as const).map((by) => (
          <span key={by} class="time-step">
            <button type="button" disabled={stepping.value} aria-label={`both, ${by} back`} onClick={() => void stepBoth(by, -1)}>‹</button><span class="muted">{by}</span>
            <button type="button" disabled={stepping.value} aria-label={`both, ${by} forward`} onClick={() => void stepBoth(by, 1)}>›</button>
          </span>
        ))}
      </div>
      <div class="runs-sides"><Side name="a" side={a} other={b} /><Side name="b" side={b} other={a} /></div>
    </>
  );
}

function Side({ name, side, other }: { readonly name: string; readonly side: RunSide; readonly other: RunSide }) {
  const { line, cause, cursor, about } = side;
  const [fields, others] = [fieldsOf(line), fieldsOf(other.line)];
  return (
    <section aria-label={`run ${name}`}>
      <h3>{`${name}: ${about}`}</h3>
      <p>
        <strong>{utc(cursor.atUs)}</strong>{' '}
        <span class="muted">{`record ${cursor.record.toLocaleString('en')} · decision ${cursor.decision.toLocaleString('en')} · turn ${cursor.turn.toLocaleString('en')}`}</span>
      </p>
      {line === null ? <p class="muted">has ended, or nothing differs</p> : (
        <table>
          <tbody>{[...fields].map(([field, value]) => <tr key={field} class={others.get(field) === value ? '' : 'is-other'}><th scope="row">{field}</th><td><code>{value}</code></td></tr>)}</tbody>
        </table>
      )}
      {cause === null ? null : <div class="runs-cause" role="group" aria-label={`what ${name} came from`}><From from={cause} /></div>}
      <button type="button" onClick={() => void lookAt(side)}>look at this moment</button>
    </section>
  );
}

async function compare(): Promise<void> {
  const ids = [left.value, right.value] as const;
  const closing = new AbortController();
  const shares: [number, number] = [0, 0];
  // Whoever listens hears how far it is; when nobody does any more, the server reads no further.
  const stops = ids.map((id, at) => subscribe<TimeOpened>('time.open', { source: id, parts: 1 }, (value) => {
    if (value.kind !== 'state' || closing.signal.aborted) return;
    shares[at] = value.state.ready ? 1 : value.state.progress;
    reading.value = { shares: [...shares], callOff };
  }));
  const callOff = (): void => {
    closing.abort();
    for (const stop of stops) stop();
    reading.value = null;
  };
  reading.value = { shares: [0, 0], callOff };
  problem.value = '';
  found.value = null;
  try {
    found.value = await get<RunsDiffer>('time/runs', { a: ids[0], b: ids[1] }, closing.signal);
  } catch (error) {
    if (!closing.signal.aborted) problem.value = error instanceof Error ? error.message : String(error);
  } finally {
    // Another comparison may have begun since.
    if (!closing.signal.aborted) callOff();
  }
}

/** Both take the step, each from where it stands; one that has none stays. */
async function stepBoth(by: StepBy, direction: 1 | -1): Promise<void> {
  const differ = found.value;
  if (differ === null || stepping.value) return;
  stepping.value = true;
  try {
    const [a, b] = await Promise.all([differ.a, differ.b].map(async (side): Promise<RunSide> => {
      const cursor = await get<TimeCursor | null>('time/step', { source: side.source, at: side.cursor.key, by, direction });
      if (cursor === null) return side;
      const made = cursor.decision === 0 || by !== 'decision' ? null : await get<TimeCause>('time/cause', { source: side.source, decision: cursor.decision - 1 });
      return made === null ? { ...side, cursor } : { ...side, cursor, line: made.line, cause: made };
    }));
    found.value = { ...differ, a: a!, b: b! };
  } catch (error) {
    notify('error', error instanceof Error ? error.message : String(error));
  } finally {
    stepping.value = false;
  }
}

async function lookAt({ source: id, cursor }: RunSide): Promise<void> {
  selectSource(id);
  view.value = 'tree';
  await seek({ key: cursor.key });
}

/** Leaves of a decision by their way to it. */
function fieldsOf(line: string | null): Map<string, string> {
  if (line === null) return new Map();
  const flat = (value: unknown, way: string): [string, string][] => {
    if (typeof value !== 'object' || value === null) {
      const field = way.slice(way.lastIndexOf('.') + 1);
      return [[way, unitText(field, value) ?? (typeof value === 'string' ? value : JSON.stringify(value) ?? '')]];
    }
    return Object.entries(value).flatMap(([key, part]) => flat(part, way === '' ? key : `${way}.${key}`));
  };
  return new Map(flat(JSON.parse(line), ''));
}
