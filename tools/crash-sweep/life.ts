// One life in a process of its own: `node life.js OPTIONS` (LifeOptions as JSON).
import { live } from './live.js';
import type { LifeOptions } from './stages.js';

await live(JSON.parse(process.argv[2] ?? '') as LifeOptions);
