const TEXT = 0x81;
const SHORT = 125;
const MEDIUM = 65_535;

function headLength(bytes: number): number {
  return bytes <= SHORT ? 2 : bytes <= MEDIUM ? 4 : 10;
}

/**
 * Writes one unmasked text frame, whole, at `at`; `bytes` is the length of `text` in UTF-8. Where the frame ends, or -1 when there is no
 * room for it and nothing was written.
 */
export function writeTextFrame(into: Buffer, at: number, text: string, bytes: number): number {
  const head = headLength(bytes);
  const end = at + head + bytes;
  if (end > into.length) return -1;
  into[at] = TEXT;
  if (head === 2) {
    into[at + 1] = bytes;
  } else if (head === 4) {
    into[at + 1] = 126;
    into[at + 2] = bytes >> 8;
    into[at + 3] = bytes & 0xff;
  } else {
    into[at + 1] = 127;
    into.writeUInt32BE(0, at + 2);
    into.writeUInt32BE(bytes, at + 6);
  }
  // As many bytes as letters: nothing past ASCII, which is only copied.
  into.write(text, at + head, bytes === text.length ? 'latin1' : 'utf8');
  return end;
}

/**
 * One unmasked text frame, whole, ready for any number of sockets: fan-out writes the same bytes to each, where a websocket library would
 * frame them anew for every client.
 */
export function textFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(headLength(bytes) + bytes);
  writeTextFrame(frame, 0, text, bytes);
  return frame;
}
