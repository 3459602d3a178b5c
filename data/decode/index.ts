export { FrameDecoder, type DecoderCounts, type FrameDecoderOptions, type Outcome, type RecordTarget } from './frame-decoder.js';
export { BINANCE_MARKETS, isBinanceMarket, type BinanceMarket } from './frame-parser.js';
