export { TroubleDesk, type ScriptReport } from './desk.js';
export { LIBRARY, namedScripts } from './library.js';
export { parseScript, readScript, type Script, type Step } from './script.js';
export { ExchangeWorks } from './works.js';
