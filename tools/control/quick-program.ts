import type { Command } from 'commander';
import { emptyProgram } from '../cli/empty-program.js';
import { register } from './commands.js';

/** The program with nothing in it but the commands that ask processes. */
export function quickProgram(): Command {
  const program = emptyProgram();
  register(program);
  return program;
}
