import type { RunManifest } from '../../data/runs/index.js';
import { packageVersion } from '../cli/version.js';

/** What is shown is what this version does with what that one heard. */
export function otherVersion({ code: { version } }: RunManifest): string[] {
  const own = packageVersion();
  return version === own ? [] : [`it was recorded by Faultline ${version}, this is ${own}: where the two decide differently, what is shown is not what was`];
}
