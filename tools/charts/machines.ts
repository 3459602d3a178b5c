import type { AnyStateMachine } from 'xstate';
import { detectorMachine } from '../../actors/detector/machine.js';
import { breakerMachine } from '../../actors/gateway/breaker/machine.js';
import { algoMachine, orderMachine } from '../../actors/orders/machine.js';

export interface ProductMachine {
  /** Of its files. */
  readonly name: string;
  readonly title: string;
  /** Where it is defined. */
  readonly file: string;
  readonly summary: string;
  readonly machine: AnyStateMachine;
}

/** Every XState machine of the product; a test looks for others under actors/. */
export const PRODUCT_MACHINES: readonly ProductMachine[] = [
  {
    name: 'detector',
    title: 'Crash detector',
    file: 'actors/detector/machine.ts',
    summary: 'Sleeps through calm markets, wakes when enough indicators vote, and goes back to sleep. One for each symbol.',
    machine: detectorMachine as unknown as AnyStateMachine,
  },
  {
    name: 'order',
    title: 'Order',
    file: 'actors/orders/machine.ts',
    summary: 'The life of an order, the questions asked about it while something is in doubt, and its withdrawal. One for each order.',
    machine: orderMachine as unknown as AnyStateMachine,
  },
  {
    name: 'algo-order',
    title: 'Conditional order',
    file: 'actors/orders/machine.ts',
    summary: 'The same for a conditional (algo) order of USD-M, which waits for its trigger.',
    machine: algoMachine as unknown as AnyStateMachine,
  },
  {
    name: 'breaker',
    title: 'Circuit breaker',
    file: 'actors/gateway/breaker/machine.ts',
    summary: 'Opens when the venue cannot be reached or does not work, and lets single probes through to find out whether it does again.',
    machine: breakerMachine as unknown as AnyStateMachine,
  },
];
