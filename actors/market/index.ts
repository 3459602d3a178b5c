export * from './messages.js';
export * from './book-view.js';
export { MarketKernel } from './kernel.js';
export type { Control, Edge, KernelCounters, KernelSnapshot } from './kernel.js';
export { SymbolKernel, EXTREME_NAMES } from './symbol.js';
export { marketKernel } from './behaviour.js';
export type { MarketKernelInput, MarketKernelMessage, MarketKernelState, RecordsMessage } from './behaviour.js';
