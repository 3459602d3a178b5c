import type { MakeProduct } from '../product.js';
import { unbuiltProduct } from '../unbuilt.js';

export const deribitProduct: MakeProduct = (scene) => unbuiltProduct('deribit', scene);
