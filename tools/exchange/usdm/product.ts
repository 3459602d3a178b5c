import { crowdOnly } from '../market-data/crowd-only.js';
import type { MakeProduct } from '../product.js';

export const usdmProduct: MakeProduct = (scene) => crowdOnly('usdm', scene);
