import { render } from 'preact';
import { connect, subscribe } from './api.js';
import { Shell } from './shell.js';
import { selectSource, source, sourceList, syncAddress } from './state.js';
import { readTheme } from './theme.js';
import { readTokens } from './tokens.js';
import type { NamedSources, ProcessSource } from '../wire/sources.js';

/** Somebody who opens the page wants to see something: what the command named, else what lives, an engine before others. */
function firstOf({ sources, named }: NamedSources) {
  const live = sources.filter((each): each is ProcessSource => each.kind === 'process' && each.state === 'live');
  return sources.find((each) => each.id === named) ?? live.find((each) => each.run !== null) ?? live[0] ?? sources[0];
}

/** Source that was selected here, not by the person. */
let ours = '';
const SETTLED_MS = 10_000;

readTheme();
readTokens();
syncAddress();
subscribe<NamedSources>('sources', {}, (list) => {
  sourceList.value = list;
  if (source.value !== '' && source.value !== ours) return;
  // An engine that is only being connected to when the page opens is still what one wants to see; what one sees stays, also when it goes.
  const shown = list.sources.find(({ id }) => id === ours);
  if (ours !== '' && (performance.now() > SETTLED_MS || shown?.kind !== 'process' || shown.run !== null)) return;
  ours = firstOf(list)?.id ?? '';
  selectSource(ours);
});
connect();
render(<Shell />, document.getElementById('app')!);
