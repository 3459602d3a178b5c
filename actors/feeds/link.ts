/** What one connection of a feed has brought so far; plain data. */
import type { SocketInput } from '../engine/io.js';

export type Pulse = Extract<SocketInput, { readonly type: 'socket.pulse' }>;

export interface Link {
  readonly socket: string;
  readonly origin: number;
  /** Engine clock, µs: when it was asked for; when it opened and when all streams had spoken, 0 before. */
  readonly askedUs: number;
  readonly openedUs: number;
  readonly spokeUs: number;
  /** By stream, in the order of the plan: its last frame, 0 before the first. */
  readonly lastUs: readonly number[];
  readonly pulse: Pulse | null;
  readonly pulseUs: number;
  readonly framesPerSecond: number;
  readonly recordsPerSecond: number;
  /** Its time is up, and the host was asked whether something lies in the line. */
  readonly probed: boolean;
  /** Since when the median lag has been too much, 0 for not. */
  readonly slowSinceUs: number;
}

export function newLink(socket: string, origin: number, nowUs: number, streams: number): Link {
  return {
    socket, origin, askedUs: nowUs, openedUs: 0, spokeUs: 0, lastUs: new Array<number>(streams).fill(0), pulse: null, pulseUs: 0,
    framesPerSecond: 0, recordsPerSecond: 0, probed: false, slowSinceUs: 0,
  };
}

/** Weight of the newest pulse in the rates. */
const NEWEST = 0.3;

/** Takes a pulse. `lagMaxUs`: median lag that is too much, by the engine's clock. */
export function pulsed(link: Link, pulse: Pulse, names: readonly string[], nowUs: number, lagMaxUs: number): Link {
  const lastUs = names.map((name, at) => Math.max(link.lastUs[at]!, Object.hasOwn(pulse.lastUs, name) ? pulse.lastUs[name]! : 0));
  const seconds = (nowUs - (link.pulseUs === 0 ? link.openedUs : link.pulseUs)) / 1e6;
  const rate = (before: number, now: number, then: number): number => (seconds <= 0 ? before : link.pulse === null ? (now - then) / seconds : before + NEWEST * ((now - then) / seconds - before));
  const slow = pulse.lagP50Us > lagMaxUs;
  return {
    ...link,
    lastUs,
    spokeUs: link.spokeUs === 0 && lastUs.every((us) => us > 0) ? nowUs : link.spokeUs,
    pulse,
    pulseUs: nowUs,
    probed: false,
    framesPerSecond: rate(link.framesPerSecond, pulse.frames, link.pulse?.frames ?? 0),
    recordsPerSecond: rate(link.recordsPerSecond, pulse.records, link.pulse?.records ?? 0),
    slowSinceUs: slow ? (link.slowSinceUs === 0 ? nowUs : link.slowSinceUs) : 0,
  };
}

export interface Patience {
  /** Silence after which a stream is dead, µs; 0 for never. */
  readonly silenceUs: number;
  readonly firstFrameUs: number;
  /** What pulses may keep back, µs. */
  readonly pulseUs: number;
}

/** When the first of its streams counts as dead if nothing more comes, µs; Infinity for never. Which one that is, by its place. */
export function deadline(link: Link, { silenceUs, firstFrameUs, pulseUs }: Patience): { readonly dueUs: number; readonly stream: number } {
  let dueUs = Infinity;
  let stream = -1;
  if (silenceUs === 0 || link.openedUs === 0) return { dueUs, stream };
  link.lastUs.forEach((us, at) => {
    const due = us === 0 ? link.openedUs + Math.max(silenceUs, firstFrameUs) : us + silenceUs + pulseUs;
    if (due < dueUs) {
      dueUs = due;
      stream = at;
    }
  });
  return { dueUs, stream };
}

/** All its streams come, as far as that can be known: one that may be silent for ever comes once its connection is open. */
export function speaks(link: Link, { silenceUs }: Pick<Patience, 'silenceUs'>): boolean {
  return silenceUs === 0 ? link.openedUs > 0 : link.spokeUs > 0;
}

/** So many times twice as long; beyond 30 times it is no longer. */
export function doubled(ms: number, times: number): number {
  let long = ms;
  for (let n = Math.min(30, times); n > 0; n -= 1) long *= 2;
  return long;
}
