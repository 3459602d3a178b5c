export { checkToml, CONFIG_VARIABLE, digestOf, loadConfig, parseConfig, type LoadedConfig } from './load.js';
export { ConfigError, keyText, problemLine, type ConfigProblem } from './problems.js';
export { configSchema, DEFAULT_CONFIG, type Config } from './schema.js';
export * from './trading.js';
export type * from './engine/index.js';
export type { LanesParams } from './lanes.js';
export type { ProcessParams } from './process.js';
