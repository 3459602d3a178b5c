import type { IncomingHttpHeaders } from 'node:http';
import { UiError } from './host.js';

/** Headers that every answer has. `scriptHash` allows the one script that stands in the shell, its import map. */
export function securityHeaders(scriptHash: string): Record<string, string> {
  return {
    'content-security-policy': [
      "default-src 'none'", `script-src 'self' '${scriptHash}'`, "style-src 'self'", "connect-src 'self'", "img-src 'self' data:", "font-src 'self'",
      "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
  };
}

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/** The names under which a server on `port` of this machine may be asked. Any other is a name that somebody made point here (DNS rebinding). */
export function ownHosts(port: number): ReadonlySet<string> {
  return new Set(LOOPBACK.flatMap((host) => (port === 80 ? [host, `${host}:80`] : [`${host}:${port}`])));
}

/**
 * Refuses what another site's page sends: a Host that is not ours, an Origin that is not the one that was asked, or a browser's own word that
 * the request comes from elsewhere. Whoever is no browser sends neither Origin nor Sec-Fetch-Site, and still needs the token.
 */
export function checkOrigin(headers: IncomingHttpHeaders, hosts: ReadonlySet<string>, needsOrigin: boolean): void {
  const { host, origin } = headers;
  if (host === undefined || !hosts.has(host.toLowerCase())) throw new UiError(421, 'this server answers only under its loopback address; open the URL that `faultline ui` printed');
  if (origin !== undefined ? origin.toLowerCase() !== `http://${host.toLowerCase()}` : needsOrigin && headers['sec-fetch-site'] !== undefined) {
    throw new UiError(403, 'asked from a page of another origin; open the URL that `faultline ui` printed');
  }
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new UiError(403, 'asked from a page of another site; open the URL that `faultline ui` printed');
}
