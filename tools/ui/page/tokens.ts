import { signal } from '@preact/signals';

/** Both come in the URL's fragment, which no browser sends to any server, and stay in this tab. */
export const token = signal('');
export const actionToken = signal('');

const KEPT = { token: 'faultline.token', action: 'faultline.action' } as const;

/** Takes the tokens out of the fragment, so that neither history nor a screenshot has them; without any, those of this tab are kept. */
export function readTokens(): void {
  const fragment = location.hash;
  // The last one counts: a token pasted behind an older one is meant.
  const said = (name: string) => [...fragment.matchAll(new RegExp(`[#&]${name}=([A-Za-z0-9_-]+)`, 'g'))].at(-1)?.[1];
  token.value = said('token') ?? sessionStorage.getItem(KEPT.token) ?? '';
  actionToken.value = said('action') ?? sessionStorage.getItem(KEPT.action) ?? '';
  keepTokens();
  if (fragment !== '') history.replaceState(history.state, '', location.pathname + location.search);
}

export function keepTokens(): void {
  sessionStorage.setItem(KEPT.token, token.value);
  sessionStorage.setItem(KEPT.action, actionToken.value);
}
