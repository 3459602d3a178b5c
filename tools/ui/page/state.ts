import { computed, effect, signal } from '@preact/signals';
import type { SourceInfo, SourceList } from '../wire/sources.js';
import type { Instant } from '../wire/instant.js';

/** What the page shows; whoever changes one of these changes every view. */

/** null: not told yet. */
export const sourceList = signal<SourceList | null>(null);
export const sources = computed<readonly SourceInfo[]>(() => sourceList.value?.sources ?? []);
/** Id of the source that is looked at; empty: none yet. */
export const source = signal('');
/** Path of the selected actor; empty: none. */
export const path = signal('');
/** Paths of actors that stay in a list of their own. */
export const pins = signal<readonly string[]>([]);
/** Id of the open view. */
export const view = signal('tree');
/** null: now. Otherwise the place of the time machine: every view shows how things were there. */
export const instant = signal<Instant | null>(null);

export const sourceInfo = computed(() => sources.value.find((each) => each.id === source.value));

/** Sentences for the person, newest last; errors stay until they are dismissed, the others leave by themselves. */
export interface Notice {
  readonly id: number;
  readonly kind: 'info' | 'error';
  readonly text: string;
}
export const notices = signal<readonly Notice[]>([]);
const MOST_NOTICES = 5;
const INFO_MS = 8000;
let nextNotice = 1;

export function notify(kind: Notice['kind'], text: string): void {
  if (notices.value.at(-1)?.text === text) return;
  const id = nextNotice++;
  notices.value = [...notices.value, { id, kind, text }].slice(-MOST_NOTICES);
  if (kind === 'info') setTimeout(() => dismiss(id), INFO_MS);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((each) => each.id !== id);
}

/** Selects a source: another source's actor and instant mean nothing there. */
export function selectSource(id: string): void {
  if (id === source.value) return;
  instant.value = null;
  path.value = '';
  source.value = id;
}

/** Keeps what is looked at in the address, so that back, forward and reload work. */
export function syncAddress(): void {
  const read = () => {
    const params = new URLSearchParams(location.search);
    source.value = params.get('source') ?? '';
    path.value = params.get('path') ?? '';
    view.value = params.get('view') ?? 'tree';
  };
  read();
  addEventListener('popstate', read);
  effect(() => {
    const params = new URLSearchParams();
    if (source.value !== '') params.set('source', source.value);
    if (path.value !== '') params.set('path', path.value);
    if (view.value !== 'tree') params.set('view', view.value);
    const search = params.size === 0 ? '' : `?${params}`;
    if (search !== location.search) history.pushState(null, '', location.pathname + search);
  });
}
