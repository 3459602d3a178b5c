import { isIP } from 'node:net';
import type { EngineParams } from '../../config/index.js';
import { CliError } from '../cli/errors.js';
import { PRODUCTS } from './boot.js';
import type { VenueAccess } from './parts.js';

/**
 * What a mode needs before anything is begun: keys where orders leave the engine; for live also the person's word, limits, and, until the
 * operators' guards are there, an address on this machine. @throws CliError `configuration`.
 */
export function checkMode(engine: EngineParams, { origins, keys }: VenueAccess, acknowledged: boolean): void {
  const { mode, limits, symbols, feeds } = engine;
  if (mode === 'paper') return;
  const refuse = (what: string, fix: string): never => {
    throw new CliError('configuration', `mode ${mode} does not start: ${what}`, fix);
  };
  if (keys === null) refuse('there is no key', `set FAULTLINE_BINANCE_${mode.toUpperCase()}_KEY and …_SECRET, or give --venue-json`);
  // Spot is asked what the key may do, whatever is traded.
  const addresses = PRODUCTS.filter((one) => one === 'spot' || symbols[one].length > 0).flatMap((product) => {
    const { rest, ws, wsApi } = origins[product];
    return [rest, ws, wsApi ?? '', feeds.secondOrigin[product]].filter((each) => each !== '');
  });
  if (mode === 'demo') {
    // A key of the real account, taken for one of the demo, must not meet the real exchange.
    for (const address of addresses) if (isRealVenue(address)) refuse(`${address} is where real money is traded`, 'set [engine.demo] to the addresses of a demo, or use --venue-json of an exchange in a box; options have no demo');
    return;
  }
  if (!acknowledged) refuse('real money needs your word', 'add --acknowledge-live');
  for (const key of ['maxSymbolNotional', 'maxTotalNotional'] as const) if (Number(limits[key]) <= 0) refuse(`the limit ${key} is not set`, `set [engine.limits] ${key}`);
  if (limits.maxOpenOrders <= 0) refuse('the limit maxOpenOrders is not set', 'set [engine.limits] maxOpenOrders');
  for (const address of addresses) {
    if (!isLoopback(address)) refuse(`${address} is not on this machine`, 'live trades at addresses of the loopback alone until the operators\' guards are there; use --venue-json of an exchange in a box');
  }
}

/** The venue's own hosts, but for those of its demo and its test network. */
export function isRealVenue(address: string): boolean {
  const host = new URL(address).hostname.toLowerCase();
  return /(^|\.)binance\.(com|us)$/.test(host) && !/^(demo|testnet)[.-]/.test(host);
}

/** A name may mean anything tomorrow: only addresses count, and `localhost`. */
export function isLoopback(address: string): boolean {
  const host = new URL(address).hostname.replaceAll(/^\[|\]$/g, '');
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
