export * from './market-session.js';
export * from './lane-plan.js';
