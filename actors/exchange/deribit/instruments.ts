/** What Deribit lists here: perpetuals, inverse (in coin) and linear (in USDC), with their sizes, fees and margin rates. */
import { Contract, type Price } from '../futures/contract.js';
import { asset, mustParseAmount } from '../ledger/index.js';

export type InstrumentKind = 'future' | 'option';
export type Currency = 'BTC' | 'ETH' | 'USDC';
export const CURRENCIES: readonly Currency[] = ['BTC', 'ETH', 'USDC'];

export interface DeribitInstrument {
  /** Place in the venue's list; also `instrument_id` less 1. */
  readonly index: number;
  readonly name: string;
  readonly kind: InstrumentKind;
  readonly base: string;
  readonly quote: string;
  readonly counter: string;
  /** What profit, margin and fees are in. */
  readonly settlement: Currency;
  readonly indexName: string;
  readonly contract: Contract;
  readonly tickSize: number;
  readonly contractSize: number;
  /** Commissions in 10^-8 of the traded value. */
  readonly makerFee: bigint;
  readonly takerFee: bigint;
  readonly maxLeverage: number;
  /**
   * Standard margin: the share of the position's value, which grows with its size in units of the base:
   * initial = initialRate + perUnit × size, maintenance = maintenanceRate + perUnit × size.
   */
  readonly initialRate: number;
  readonly maintenanceRate: number;
  readonly perUnit: number;
  readonly priceDecimals: number;
  readonly amountDecimals: number;
}

const decimals = (text: string): number => (text.includes('.') ? text.length - text.indexOf('.') - 1 : 0);

interface PerpetualTerms {
  readonly name: string;
  readonly base: string;
  readonly inverse: boolean;
  readonly tickSize: string;
  readonly contractSize: string;
  readonly perUnit: number;
}

/** Margin rates as in "Deribit: Linear/Inverse Perpetual, contract specifications": 2 % + 0.5 % per 100 BTC (5 000 ETH). */
const PERPETUALS: readonly PerpetualTerms[] = [
  { name: 'BTC-PERPETUAL', base: 'BTC', inverse: true, tickSize: '0.5', contractSize: '10', perUnit: 0.005 / 100 },
  { name: 'ETH-PERPETUAL', base: 'ETH', inverse: true, tickSize: '0.05', contractSize: '1', perUnit: 0.005 / 5000 },
  { name: 'BTC_USDC-PERPETUAL', base: 'BTC', inverse: false, tickSize: '0.5', contractSize: '0.0001', perUnit: 0.005 / 100 },
  { name: 'ETH_USDC-PERPETUAL', base: 'ETH', inverse: false, tickSize: '0.05', contractSize: '0.001', perUnit: 0.005 / 5000 },
];

export function perpetuals(): DeribitInstrument[] {
  return PERPETUALS.map(({ name, base, inverse, tickSize, contractSize, perUnit }, index) => {
    const settlement = inverse ? (base as Currency) : 'USDC';
    const quote = inverse ? 'USD' : 'USDC';
    return {
      index, name, kind: 'future', base, quote, counter: quote, settlement, indexName: `${base}_${quote}`.toLowerCase(),
      contract: new Contract({
        symbol: name, kind: inverse ? 'inverse' : 'linear', marginAsset: asset(settlement),
        tickSize: mustParseAmount(tickSize) as bigint as Price, lotSize: mustParseAmount(contractSize),
      }),
      tickSize: Number(tickSize), contractSize: Number(contractSize), makerFee: 0n, takerFee: 50_000n, maxLeverage: 50,
      initialRate: 0.02, maintenanceRate: 0.01, perUnit, priceDecimals: decimals(tickSize), amountDecimals: decimals(contractSize),
    };
  });
}

/** Ticks as the price that the wire has. */
export const priceNumber = (instrument: DeribitInstrument, ticks: number): number => Number((ticks * instrument.tickSize).toFixed(instrument.priceDecimals));
/** Lots as the amount that the wire has: USD of inverse, base units of linear contracts. */
export const amountNumber = (instrument: DeribitInstrument, lots: number): number => Number((lots * instrument.contractSize).toFixed(instrument.amountDecimals));

const MOST = Number.MAX_SAFE_INTEGER;

/** `value` in whole steps; undefined when it is none, not positive, or too large to be exact. */
export function wholeSteps(value: number, step: number): number | undefined {
  const steps = Math.round(value / step);
  if (!(steps > 0) || steps > MOST) return undefined;
  return Math.abs(steps * step - value) <= step * 1e-6 ? steps : undefined;
}

/** Position size in units of the base at a price: what the margin rates grow with. */
export function baseUnits(instrument: DeribitInstrument, lots: number, price: number): number {
  const amount = Math.abs(lots) * instrument.contractSize;
  return instrument.contract.inverse ? amount / price : amount;
}
