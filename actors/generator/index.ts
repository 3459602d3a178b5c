export { MARKET_START_US, MarketSimulation, type MarketSimulationConfig } from './simulation.js';
export { SCENARIO_NAMES, scenarioNamed, type Scenario, type ScenarioName } from './scenario.js';
export { MAX_GENERATED_SYMBOLS } from './instruments.js';
export type { CrashTruth, MarketTruth, SymbolTruth } from './truth.js';
export type { TroubleReport } from './feed-line.js';
export { LiveMarket, type AgentDesk, type LiveMarketOptions, type LiveSymbol } from './live-market.js';
export { marketProfiles, type MarketProfile } from './instruments.js';
