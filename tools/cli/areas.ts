import type { Command } from 'commander';
import { register as charts } from '../charts/commands.js';
import { register as config } from '../config/commands.js';
import { register as control } from '../control/commands.js';
import { register as demo } from '../demo/commands.js';
import { register as engine } from '../engine/commands.js';
import { register as exchange } from '../exchange/commands.js';
import { register as journal } from '../journal/commands.js';
import { register as market } from '../market/commands.js';
import { register as placement } from '../placement/commands.js';
import { register as replay } from '../replay/commands.js';
import { register as report } from '../report/commands.js';
import { register as runs } from '../runs/commands.js';
import { register as tape } from '../tape/commands.js';
import { register as top } from '../top/commands.js';
import { register as ui } from '../ui/commands.js';

/** Adds one area's commands to the program. Every area exports it as `register` from tools/<area>/commands.ts. */
export type RegisterArea = (program: Command) => void;

/** The areas of the command, in the order `faultline --help` lists them. A new area adds one import and one entry. */
export const areas: readonly RegisterArea[] = [demo, exchange, engine, market, tape, replay, runs, report, ui, top, control, charts, journal, config, placement];
