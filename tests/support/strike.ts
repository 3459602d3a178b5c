// Loaded into a command by NODE_OPTIONS (`struckWhenWriting`): it sends itself SIGINT in the middle of its own work, so that no
// test depends on who is scheduled first. FAULTLINE_STRIKE is "BYTES PATH": when so many bytes are in the files whose path begins with PATH.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [, bytes = '0', path = ''] = /^(\d+) (.*)$/s.exec(process.env['FAULTLINE_STRIKE'] ?? '') ?? [];
const { openSync, writeSync } = fs;
const watched = new Set<number>();
let left = Number(bytes);
let struck = false;

function strike(): void {
  if (struck || left > 0) return;
  struck = true;
  const begun = process.cpuUsage();
  const told = process.env['FAULTLINE_STRUCK'];
  if (told !== undefined) {
    process.once('exit', () => {
      const { user, system } = process.cpuUsage(begun);
      fs.writeFileSync(told, String((user + system) / 1000));
    });
  }
  process.kill(process.pid, 'SIGINT');
}

if (path !== '') {
  fs.openSync = (...args) => {
    const fd = openSync(...args);
    if (typeof args[0] === 'string' && args[0].startsWith(path)) {
      watched.add(fd);
      strike();
    }
    return fd;
  };
  fs.writeSync = ((fd: number, ...args: [NodeJS.ArrayBufferView]) => {
    const written = writeSync(fd, ...args);
    if (watched.has(fd)) {
      left -= written;
      strike();
    }
    return written;
  }) as typeof fs.writeSync;
  syncBuiltinESMExports();
}

/**
 * Environment of a command that gets SIGINT once it has written so many bytes (0: once it has opened one) to files whose path begins
 * with `to`. Into `told` go the milliseconds of processor time it took from there to its end.
 */
export function struckWhenWriting(to: string, bytes = 1, told?: string): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=${import.meta.url}`, FAULTLINE_STRIKE: `${bytes} ${to}`, ...(told === undefined ? {} : { FAULTLINE_STRUCK: told }) };
}
