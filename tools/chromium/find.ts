import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'];

/** The Chromium of this machine: `FAULTLINE_CHROMIUM`, or where distributions put it; undefined where there is none. */
export function findChromium(): string | undefined {
  const named = process.env['FAULTLINE_CHROMIUM'];
  return named === undefined ? PLACES.find((file) => existsSync(file)) : named === '' ? undefined : named;
}
