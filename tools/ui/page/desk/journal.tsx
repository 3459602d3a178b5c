import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, download, get } from '../api.js';
import { notify } from '../state.js';
import { JOURNAL_KINDS, type JournalKind, type JournalPage, type JournalRow } from '../../wire/desk.js';
import { timeText } from './format.js';

interface Filter {
  readonly kinds: readonly JournalKind[];
  readonly symbol: string;
  readonly text: string;
  /** As the fields have them, UTC. */
  readonly from: string;
  readonly to: string;
}

const EVERYTHING: Filter = { kinds: [], symbol: '', text: '', from: '', to: '' };
const PAGE = 50;
const TYPING_MS = 250;

const msOf = (text: string): number | undefined => {
  const ms = Date.parse(`${text}Z`);
  return Number.isNaN(ms) ? undefined : ms;
};
const queryOf = (source: string, { kinds, symbol, text, from, to }: Filter) => ({
  source, ...(kinds.length === 0 ? {} : { kinds: kinds.join(',') }), ...(symbol === '' ? {} : { symbol }), ...(text === '' ? {} : { text }), from: msOf(from), to: msOf(to),
});

/** The engine's record, newest first. */
export function Journal({ source }: { readonly source: string }) {
  const [filter, setFilter] = useState(EVERYTHING);
  const [rows, setRows] = useState<readonly JournalRow[]>([]);
  const [before, setBefore] = useState<number | null>(null);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const asking = useRef<AbortController | null>(null);

  const load = async (from: number | null, kept: readonly JournalRow[]): Promise<void> => {
    asking.current?.abort();
    const controller = new AbortController();
    asking.current = controller;
    setBusy(true);
    try {
      const page = await get<JournalPage>('desk/journal', { ...queryOf(source, filter), limit: PAGE, ...(from === null ? {} : { before: from }) }, controller.signal);
      setRows([...kept, ...page.rows]);
      setBefore(page.before);
      setProblem('');
    } catch (error) {
      if (controller.signal.aborted) return;
      setProblem(error instanceof Error ? error.message : String(error));
    }
    if (asking.current === controller) setBusy(false);
  };
  useEffect(() => {
    const timer = setTimeout(() => void load(null, []), TYPING_MS);
    return () => {
      clearTimeout(timer);
      asking.current?.abort();
    };
  }, [source, JSON.stringify(filter)]);

  const csv = (): void => void download('desk/journal.csv', queryOf(source, filter), 'journal.csv').catch((error: unknown) => notify('error', error instanceof ApiError ? error.message : String(error)));
  const words = (name: 'symbol' | 'text') => (
    <label>{name} <input type="search" value={filter[name]} maxLength={100} onInput={(event) => setFilter({ ...filter, [name]: event.currentTarget.value })} /></label>
  );
  const time = (name: 'from' | 'to') => (
    <label>{`${name} (UTC)`} <input type="datetime-local" step="1" value={filter[name]} onInput={(event) => setFilter({ ...filter, [name]: event.currentTarget.value })} /></label>
  );
  return (
    <section class="desk-part desk-journal" aria-label="Journal">
      <h2>Journal <button type="button" onClick={() => void load(null, [])}>Read again</button> <button type="button" onClick={csv}>CSV</button></h2>
      <div class="desk-filters">
        <fieldset>
          <legend>kinds</legend>
          {JOURNAL_KINDS.map((kind) => (
            <label key={kind}><input type="checkbox" checked={filter.kinds.includes(kind)} onChange={(event) => setFilter({ ...filter, kinds: event.currentTarget.checked ? [...filter.kinds, kind] : filter.kinds.filter((each) => each !== kind) })} /> {kind}</label>
          ))}
        </fieldset>
        {words('symbol')}{words('text')}{time('from')}{time('to')}
      </div>
      {problem === '' ? null : <p class="bad">{problem}</p>}
      <div class="desk-scroll" tabIndex={0} role="region" aria-label="Journal, table">
        <table class="desk-table">
          <thead><tr><th scope="col">time (UTC)</th><th scope="col">kind</th><th scope="col">instrument</th><th scope="col">what</th><th scope="col">row</th></tr></thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.seq} class={row.mark === '' ? '' : `is-${row.mark}`}>
                <td data-label="time (UTC)" class="desk-time">{timeText(row.atUs)}</td>
                <td data-label="kind">{row.kind}</td>
                <td data-label="instrument">{row.instrument}</td>
                <td data-label="what" class={row.mark}>{row.text}</td>
                <td data-label="row"><details><summary>{row.key}</summary><pre>{row.row}</pre></details></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p>
        {rows.length === 0 && !busy && problem === '' ? <span class="muted">nothing that the filter lets through{before === null ? '' : ' so far'} </span> : null}
        {before === null ? null : <button type="button" disabled={busy} onClick={() => void load(before, rows)}>Older</button>}
      </p>
    </section>
  );
}
