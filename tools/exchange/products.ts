import { deribitProduct } from './deribit/product.js';
import { optionsProduct } from './options/product.js';
import type { MakeProduct } from './product/product.js';
import { spotProduct } from './spot/product.js';
import { usdmProduct } from './usdm/product.js';

/** The products of the exchange, in the order of their ports. */
export const PRODUCTS: readonly MakeProduct[] = [spotProduct, usdmProduct, optionsProduct, deribitProduct];
