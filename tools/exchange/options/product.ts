import type { MakeProduct } from '../product.js';
import { unbuiltProduct } from '../unbuilt.js';

export const optionsProduct: MakeProduct = (scene) => unbuiltProduct('options', scene);
