import { configSchema, type Config } from '../../config/index.js';
import { RunError, type RunManifest } from '../../data/runs/index.js';

/** The configuration of a run. @throws RunError `corrupt` when this version would not take it. */
export function runConfig({ id, config }: RunManifest): Config {
  const result = configSchema.safeParse(config);
  if (!result.success) throw new RunError('corrupt', `run ${id}: its configuration is not one of this version: ${result.error.issues[0]!.path.join('.')}`, 'replay it with the version that made it');
  return result.data;
}
