import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { RunsDiffer, RunSide, StepBy, TimeCursor } from '../../wire/time.js';
import { get } from '../api.js';
import { notify, sources, view, selectSource } from '../state.js';
import { seek, utc } from './session.js';

const left = signal('');
const right = signal('');
const found = signal<RunsDiffer | null>(null);
const problem = signal('');
const comparing = signal(false);

/** Two runs from the first decision that differs, and on from there, both together. */
export function RunsView() {
  const runs = sources.value.filter(({ kind, state }) => kind === 'run' && state !== 'unreadable');
  const names = new Set(runs.map(({ id }) => id));
  useEffect(() => {
    if (left.value === '' && runs.length > 0) left.value = runs[0]!.id;
    if (right.value === '' && runs.length > 1) right.value = runs[1]!.id;
  }, [runs.length]);
  const differ = found.value;
  return (
    <div class="runs-view">
      <form
        class="runs-choose"
        onSubmit={(event) => {
          event.preventDefault();
          void compare();
        }}
      >
        {([['a', left], ['b', right]] as const).map(([name, chosen]) => (
          <label key={name}>{`${name} `}
            <select value={chosen.value} onChange={(event) => (chosen.value = event.currentTarget.value)}>
              {names.has(chosen.value) ? null : <option value={chosen.value}>{chosen.value === '' ? 'choose a run' : chosen.value}</option>}
              {runs.map(({ id, name: title, ...rest }) => <option key={id} value={id}>{`${title}${'what' in rest && rest.what !== '' ? ` · ${rest.what}` : ''}`}</option>)}
            </select>
          </label>
        ))}
        <button type="submit" disabled={comparing.value || left.value === '' || right.value === '' || left.value === right.value}>compare</button>
        <span class="muted" role="status">{comparing.value ? 'replaying both' : runs.length < 2 ? 'there are no two runs to compare' : ''}</span>
      </form>
      {problem.value === '' ? null : <p class="warn" role="alert">{problem.value}</p>}
      {differ === null ? <p class="muted runs-none">Two runs of the same tree, side by side: both are replayed up to the first decision that differs, and step on from there together. With the same tape, replays of another configuration or of other faults are such runs: <code>faultline replay TAPE --run</code>.</p> : <Differ differ={differ} />}
    </div>
  );
}

function Differ({ differ }: { readonly differ: RunsDiffer }) {
  const { equal, index, a, b, between } = differ;
  return (
    <>
      <h2>{equal ? 'Every decision is the same; both stand at their end' : `Decision ${index} is the first that differs`}</h2>
      {between.length === 0 ? null : <ul class="runs-between" aria-label="they differ in">{between.map((line) => <li key={line}>{line}</li>)}</ul>}
      <div class="runs-steps" role="group" aria-label="both runs">
        {(['decision', 'restart'] as const).map((by) => (
          <span key={by} class="time-step">
            <button type="button" disabled={comparing.value} aria-label={`both, ${by} back`} onClick={() => void stepBoth(by, -1)}>‹</button><span class="muted">{by}</span>
            <button type="button" disabled={comparing.value} aria-label={`both, ${by} forward`} onClick={() => void stepBoth(by, 1)}>›</button>
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
      {cause === '' ? null : <pre aria-label={`what ${name} came from`}>{cause}</pre>}
      <button type="button" onClick={() => void lookAt(side)}>look at this moment</button>
    </section>
  );
}

async function compare(): Promise<void> {
  comparing.value = true;
  problem.value = '';
  try {
    found.value = await get<RunsDiffer>('time/runs', { a: left.value, b: right.value });
  } catch (error) {
    found.value = null;
    problem.value = error instanceof Error ? error.message : String(error);
  } finally {
    comparing.value = false;
  }
}

/** Both take the step, each from where it stands; one that has none stays. */
async function stepBoth(by: StepBy, direction: 1 | -1): Promise<void> {
  const differ = found.value;
  if (differ === null || comparing.value) return;
  comparing.value = true;
  try {
    const [a, b] = await Promise.all([differ.a, differ.b].map(async (side): Promise<RunSide> => {
      const cursor = await get<TimeCursor | null>('time/step', { source: side.source, at: side.cursor.key, by, direction });
      if (cursor === null) return side;
      const made = cursor.decision === 0 || by !== 'decision' ? null : await get<{ readonly line: string | null; readonly text: string }>('time/cause', { source: side.source, decision: cursor.decision - 1 });
      return made === null ? { ...side, cursor } : { ...side, cursor, line: made.line, cause: made.text };
    }));
    found.value = { ...differ, a: a!, b: b! };
  } catch (error) {
    notify('error', error instanceof Error ? error.message : String(error));
  } finally {
    comparing.value = false;
  }
}

async function lookAt({ source, cursor }: RunSide): Promise<void> {
  selectSource(source);
  view.value = 'tree';
  await seek({ key: cursor.key });
}

/** Leaves of a decision by their way to it. */
function fieldsOf(line: string | null): Map<string, string> {
  if (line === null) return new Map();
  const flat = (value: unknown, way: string): [string, string][] => {
    if (typeof value !== 'object' || value === null) return [[way, typeof value === 'string' ? value : JSON.stringify(value) ?? '']];
    return Object.entries(value).flatMap(([key, part]) => flat(part, way === '' ? key : `${way}.${key}`));
  };
  return new Map(flat(JSON.parse(line), ''));
}
