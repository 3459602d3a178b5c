import { useEffect, useState } from 'preact/hooks';
import { get } from '../api.js';
import { instant, path, source } from '../state.js';
import { ValueTree } from '../tree/value.js';

interface Waiting {
  readonly path: string;
  readonly messages: readonly { readonly lane: string; readonly type: string; readonly envelope: string | null; readonly message: unknown }[];
  readonly omitted: number;
}

/** What waits for the selected actor at that moment. */
export function Mailbox() {
  const at = instant.value?.key ?? '';
  const of = path.value;
  const id = source.value;
  const [seen, setSeen] = useState<{ readonly key: string; readonly waiting: Waiting } | null>(null);
  const key = `${id} ${at} ${of}`;
  useEffect(() => {
    if (at === '' || of === '') return undefined;
    const closing = new AbortController();
    get<Waiting | null>('time/mailbox', { source: id, at, path: of }, closing.signal).then((waiting) => setSeen(waiting === null ? null : { key, waiting }), () => {
      // Gone meanwhile, or no such actor then: nothing waits.
    });
    return () => closing.abort();
  }, [id, at, of, key]);
  if (seen === null || seen.key !== key || seen.waiting.messages.length === 0) return null;
  const { messages, omitted } = seen.waiting;
  return (
    <details class="time-mailbox">
      <summary>{`${messages.length + omitted} waiting for ${of}`}</summary>
      <ol>{messages.map(({ lane, type, message }, n) => <li key={n}><code>{`${type}${lane === 'user' ? '' : ` (${lane})`}`}</code> <div class="value-tree"><ValueTree value={message} depth={1} /></div></li>)}</ol>
      {omitted > 0 ? <p class="muted">{`${omitted} more`}</p> : null}
    </details>
  );
}
