import { useEffect, useRef, useState } from 'preact/hooks';
import type { Attention, Listed } from '../../wire/desk.js';
import { sinceText } from './format.js';

/** What a person should look at, worst first. Only what comes and goes here is spoken. */
export function AttentionList({ list, atUs }: { readonly list: Listed<Attention>; readonly atUs: number }) {
  const { rows, omitted } = list;
  const spoken = useChanges(rows);
  const bad = rows.filter(({ severity }) => severity === 'bad').length;
  return (
    <section class={`desk-part desk-attention ${bad > 0 ? 'is-bad' : rows.length > 0 ? 'is-warn' : 'is-good'}`} aria-label="Needs attention">
      <h2>{rows.length === 0 ? 'Nothing needs attention' : `Needs attention: ${bad} bad, ${rows.length - bad} to know`}</h2>
      <div class="visually-hidden" aria-live="polite">{spoken}</div>
      <ul>
        {rows.map(({ id, severity, text, action, sinceMs }) => (
          <li key={id} class={`is-${severity}`}>
            <span class={severity}>{severity === 'bad' ? '■' : '▲'}<span class="visually-hidden">{severity === 'bad' ? 'bad' : 'warning'}</span></span>
            <span class="desk-text">{text}</span>
            {sinceMs === null ? null : <span class="muted">{`since ${sinceText(atUs, sinceMs)}`}</span>}
            {action === '' ? null : <span class="muted">{action}</span>}
          </li>
        ))}
      </ul>
      {omitted > 0 ? <p class="warn">{`${omitted} more`}</p> : null}
    </section>
  );
}

function useChanges(rows: readonly Attention[]): string {
  const before = useRef<ReadonlyMap<string, string> | null>(null);
  const [spoken, setSpoken] = useState('');
  const ids = rows.map(({ id }) => id).join('\n');
  useEffect(() => {
    const known = before.current;
    before.current = new Map(rows.map(({ id, text }) => [id, text]));
    if (known === null) return;
    const come = rows.filter(({ id }) => !known.has(id)).map(({ text }) => text);
    const gone = [...known].filter(([id]) => !rows.some((row) => row.id === id)).map(([, text]) => `over: ${text}`);
    if (come.length + gone.length > 0) setSpoken([...come, ...gone].slice(0, 3).join('. '));
  }, [ids]);
  return spoken;
}
