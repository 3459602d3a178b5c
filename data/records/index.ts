export * from './layout.js';
export * from './batch.js';
export * from './instrument.js';
export * from './losses.js';
