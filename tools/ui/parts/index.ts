import type { UiPart } from '../server/host.js';
import { chartPart } from './chart.js';
import { deskPart } from './desk.js';
import { marketPart } from './market.js';
import { timePart } from './time.js';
import { treePart } from './tree.js';

/** The parts of the window, besides the list of sources: one line a part. */
export const parts: readonly UiPart[] = [
  chartPart,
  deskPart,
  marketPart,
  timePart,
  treePart,
];
