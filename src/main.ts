#!/usr/bin/env node
import {createProgram} from './cli/program.ts';

// One place ends the process: commands return or throw, and set the exit code.
try {
  await createProgram().parseAsync();
} catch (error) {
  process.stderr.write(`berth: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
