import type { View } from '../views.js';
import { Market } from './market.js';

export const marketView: View = { id: 'market', title: 'Market', key: 'm', Component: Market };
