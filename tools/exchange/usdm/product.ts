import type { MakeProduct } from '../product.js';
import { unbuiltProduct } from '../unbuilt.js';

export const usdmProduct: MakeProduct = (scene) => unbuiltProduct('usdm', scene);
