import type { MakeProduct } from '../product.js';
import { unbuiltProduct } from '../unbuilt.js';

export const spotProduct: MakeProduct = (scene) => unbuiltProduct('spot', scene);
