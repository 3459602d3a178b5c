import { z } from 'zod';
import type { FlightFeeds } from '../../time/flight/recorder.js';
import { UiError, type UiHost, type UiPart } from '../server/host.js';
import { actorDetail } from './tree/detail.js';
import { ProcessEvents } from './tree/events.js';
import { TreeFeed } from './tree/feed.js';
import { SharedThings } from './tree/shared.js';

const source = z.string().max(200).regex(/^process:/, 'the live tree is that of a process');
const path = z.string().min(1).max(1024).regex(/^\//, 'a path begins with /');
const params = z.strictObject({ source, path: path.default('/') });

const shared = new WeakMap<UiHost, (id: string) => FlightFeeds>();

/** The live tree of a process as pages get it, for who records it: once all parts are plugged in. */
export const feedsOf = (host: UiHost): ((id: string) => FlightFeeds) | undefined => shared.get(host);

/** The live supervision tree of processes: one feed a process and root, however many pages look at it. */
export const treePart: UiPart = (host) => {
  const { sources } = host;
  const feeds = new SharedThings<TreeFeed>();
  const events = new SharedThings<ProcessEvents>();
  const eventsOf = (id: string) => events.take(id, () => new ProcessEvents(sources, id));
  const feedOf = (id: string, root: string) => feeds.take(`${id} ${root}`, () => {
    const { one, leave } = eventsOf(id);
    return new TreeFeed(sources, id, root, one, leave);
  });
  shared.set(host, (id) => {
    const [feed, ofProcess] = [feedOf(id, '/'), eventsOf(id)];
    return {
      feed: feed.one, events: ofProcess.one,
      leave: () => {
        feed.leave();
        ofProcess.leave();
      },
    };
  });
  const known = (id: string): void => {
    if (sources.info(id) === undefined) throw new UiError(404, `'${id}' is not a process that is known here: choose one of the list`);
  };
  const listen = <T>({ one, leave }: { readonly one: T; readonly leave: () => void }, begin: (one: T) => () => void): (() => void) => {
    const stop = begin(one);
    return () => {
      stop();
      leave();
    };
  };

  host.topic('tree', params, 'latest', ({ source: id, path: root }, push) => {
    known(id);
    return listen(feedOf(id, root), (feed) => feed.listen({ shape: push }));
  });
  host.topic('tree.figures', params, 'latest', ({ source: id, path: root }, push) => {
    known(id);
    return listen(feedOf(id, root), (feed) => feed.listen({ figures: push }));
  });
  host.topic('tree.events', z.strictObject({ source }), 'all', ({ source: id }, push) => {
    known(id);
    return listen(eventsOf(id), (ofProcess) => ofProcess.listen(push));
  });
  host.query('tree/actor', z.strictObject({ source, path }), async ({ source: id, path: at }) => actorDetail(await sources.client(id), at));
};
