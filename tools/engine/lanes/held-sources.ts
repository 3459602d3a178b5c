import type { SourceLanes } from '../../../actors/market/index.js';
import type { SourceOptions } from './session.js';
import type { LaneNews, LaneSources, SocketEquipment } from './sources.js';

/** Lanes with sockets as the parts of an engine see them, who are made before the lanes are. */
export interface HeldSources extends LaneSources {
  options(onRecords: SourceOptions['onRecords']): SourceOptions;
}

export function holdSources(onFault: (error: unknown) => void): HeldSources {
  let equipment: (() => SocketEquipment) | undefined;
  let listener: Parameters<LaneSources['listen']>[0] | undefined;
  let kernel: SourceLanes | undefined;
  return {
    equip: (make) => void (equipment = make),
    listen: (to) => void (listener = to),
    laneOf: (symbol) => kernel?.lane(symbol) ?? 0,
    ask: (lane, question) => kernel?.feeds[lane]?.ask(JSON.stringify(question)) ?? false,
    offer: (symbol, { F, I }, from, to) => kernel?.feeds[kernel.lane(symbol)]?.offer(F, I, from, to) ?? false,
    options: (onRecords) => ({
      onRecords,
      onKernel: (made) => void (kernel = made),
      onText(lane, text) {
        let news: LaneNews;
        try {
          news = JSON.parse(text) as LaneNews;
        } catch (error) {
          onFault(error);
          return;
        }
        listener?.told(lane, news);
      },
      onDown: (lane) => listener?.down(lane),
      equipment: () => equipment?.() ?? {},
    }),
  };
}
