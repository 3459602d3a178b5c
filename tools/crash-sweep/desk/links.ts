/**
 * Numbers on the messages between two durable actors: a sender numbers what it sends to each receiver from 1, a receiver
 * counts what is missing and what came twice. Plain data, so it is part of the actors' states.
 */
export interface Links {
  /** Last number sent, by receiver. */
  readonly sent: Readonly<Record<string, number>>;
  /** Last number received, by sender. */
  readonly received: Readonly<Record<string, number>>;
  readonly missed: number;
  readonly repeated: number;
}

/** What every message between durable actors carries. */
export interface Numbered {
  readonly from: string;
  readonly no: number;
}

export const NO_LINKS: Links = { sent: {}, received: {}, missed: 0, repeated: 0 };

/** The links after one more message to `receiver`, and that message's number. */
export function numberFor(links: Links, receiver: string): { readonly links: Links; readonly no: number } {
  const no = (links.sent[receiver] ?? 0) + 1;
  return { links: { ...links, sent: { ...links.sent, [receiver]: no } }, no };
}

/** The links after a message arrived; `fresh` is false when it came before. */
export function take(links: Links, { from, no }: Numbered): { readonly links: Links; readonly fresh: boolean } {
  const last = links.received[from] ?? 0;
  if (no <= last) return { links: { ...links, repeated: links.repeated + 1 }, fresh: false };
  return { links: { ...links, missed: links.missed + (no - last - 1), received: { ...links.received, [from]: no } }, fresh: true };
}
