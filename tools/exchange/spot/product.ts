import { crowdOnly } from '../market-data/crowd-only.js';
import type { MakeProduct } from '../product.js';

export const spotProduct: MakeProduct = (scene) => crowdOnly('spot', scene);
