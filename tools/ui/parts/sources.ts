import { z } from 'zod';
import type { NamedSources } from '../wire/sources.js';
import type { UiPart } from '../server/host.js';

const nothing = z.strictObject({});

/** What can be looked at, told again whenever it changes. `named` is the source that the command was given. */
export const sourcesPart = (named: string | null): UiPart => (host) => {
  const { sources } = host;
  const list = (): NamedSources => ({ ...sources.list(), named });
  host.query('sources', nothing, list);
  host.topic('sources', nothing, 'latest', (_params, push) => {
    push(list());
    return sources.changes(() => push(list()));
  });
};
