// Builds what is stale, if the compiler is installed. `npm ci` runs it (prepare) and `npm start` (prestart); an
// installation without development dependencies has no compiler and runs the dist/ that came with it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const compiler = 'node_modules/typescript/bin/tsc';
if (existsSync(compiler) && existsSync('tsconfig.json')) {
  const { status } = spawnSync(process.execPath, [compiler, '-b'], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} else if (!existsSync('dist/tools/cli/main.js')) {
  console.error('faultline: not built, because the compiler is a development dependency; run: npm ci && npm run build');
}
