import type { ComponentType } from 'preact';
import { ChartView } from './chart/view.js';
import { DeskView } from './desk/view.js';
import { Market } from './market/market.js';
import { TimeDock } from './time/dock.js';
import { RunsView } from './time/runs.js';
import { TreeView } from './tree/view.js';

/** One way to look at a source. */
export interface View {
  readonly id: string;
  readonly title: string;
  /** The key that opens it. */
  readonly key: string;
  readonly Component: ComponentType;
}

/** In the order of the navigation. */
export const views: readonly View[] = [
  { id: 'tree', title: 'Tree', key: '1', Component: TreeView },
  { id: 'chart', title: 'Chart', key: '2', Component: ChartView },
  { id: 'market', title: 'Market', key: '3', Component: Market },
  { id: 'desk', title: 'Desk', key: '4', Component: DeskView },
  { id: 'runs', title: 'Runs', key: '5', Component: RunsView },
];

/** What is docked below every view. */
export const docks: readonly ComponentType[] = [TimeDock];
