import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Listed } from '../../wire/desk.js';

export interface Column<T> {
  readonly id: string;
  readonly title: string;
  /** What it is sorted by; a decimal string is sorted as a number where the column is one of numbers. */
  readonly value: (row: T) => string | number | null;
  readonly cell?: (row: T) => ComponentChildren;
  readonly number?: true;
  readonly className?: (row: T) => string;
}

interface Props<T> {
  readonly title: string;
  readonly columns: readonly Column<T>[];
  readonly list: Listed<T>;
  readonly keyOf: (row: T) => string;
  readonly rowClass?: (row: T) => string;
  /** What is said when there is none. */
  readonly none: string;
  /** Part of a text that a row must have. */
  readonly filter?: string;
  /** Behind the title. */
  readonly children?: ComponentChildren;
}

interface Sort {
  readonly column: string;
  readonly down: boolean;
}

/** A dense table: sorted by a click on its heads, cards on a narrow window. Its rows keep their places while somebody is at work in it. */
export function DeskTable<T>({ title, columns, list, keyOf, rowClass, none, filter = '', children }: Props<T>) {
  const [sort, setSort] = useState<Sort | null>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  const places = useRef<ReadonlyMap<string, number>>(new Map());
  const wanted = filter.trim().toLowerCase();
  const kept = wanted === '' ? list.rows : list.rows.filter((row) => columns.some(({ value }) => String(value(row) ?? '').toLowerCase().includes(wanted)));
  let rows = sorted(kept, columns, sort);
  const before = places.current;
  // Who has a button of a row under the finger must not find another row there.
  if (body.current?.contains(document.activeElement) === true) rows = [...rows].sort((a, b) => (before.get(keyOf(a)) ?? Infinity) - (before.get(keyOf(b)) ?? Infinity) || 0);
  places.current = new Map(rows.map((row, at) => [keyOf(row), at]));
  return (
    <section class="desk-part" aria-label={title}>
      <h2>{title} <span class="muted">{kept.length === list.rows.length ? list.rows.length : `${kept.length} of ${list.rows.length}`}</span>{children}</h2>
      {list.rows.length === 0 ? <p class="muted desk-none">{none}</p> : (
        <div class="desk-scroll" tabIndex={0} role="region" aria-label={`${title}, table`}>
          <table class="desk-table">
            <thead>
              <tr>
                {columns.map(({ id, title: head, number }) => (
                  <th key={id} scope="col" class={number === true ? 'number' : ''} aria-sort={sort?.column !== id ? 'none' : sort.down ? 'descending' : 'ascending'}>
                    <button type="button" class="quiet desk-sort" onClick={() => setSort(nextSort(sort, id))}>{head}<span aria-hidden="true">{sort?.column !== id ? '' : sort.down ? ' ↓' : ' ↑'}</span></button>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody ref={body}>
              {rows.map((row) => (
                <tr key={keyOf(row)} class={rowClass?.(row) ?? ''}>
                  {columns.map(({ id, title: head, number, cell, value, className }) => (
                    <td key={id} data-label={head} class={`${number === true ? 'number' : ''} ${className?.(row) ?? ''}`}><span class="desk-cell">{cell === undefined ? value(row) : cell(row)}</span></td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {list.omitted > 0 ? <p class="warn">{`${list.omitted} more are not shown`}</p> : null}
    </section>
  );
}

/** Up, down, and back to the order in which what is wrong comes first. */
function nextSort(sort: Sort | null, column: string): Sort | null {
  if (sort?.column !== column) return { column, down: false };
  return sort.down ? null : { column, down: true };
}

function sorted<T>(rows: readonly T[], columns: readonly Column<T>[], sort: Sort | null): readonly T[] {
  const column = columns.find(({ id }) => id === sort?.column);
  if (sort === null || column === undefined) return rows;
  const sign = sort.down ? -1 : 1;
  return [...rows].sort((a, b) => sign * compared(column.value(a), column.value(b), column.number === true));
}

function compared(a: string | number | null, b: string | number | null, number: boolean): number {
  if (number) return (a === null || a === '' ? -Infinity : Number(a)) - (b === null || b === '' ? -Infinity : Number(b)) || 0;
  return String(a ?? '').localeCompare(String(b ?? ''));
}
