import type { CommandModule } from 'yargs';
import { analyzeCommand } from './analyze.ts';
import { auditCommand } from './audit.ts';
import { completionCommand } from './completion.ts';
import { configCommand } from './config.ts';
import { daemonCommand } from './daemon.ts';
import { explainCommand } from './explain.ts';
import { listCommand } from './list.ts';
import type { Select } from './selection.ts';
import { sniffCommand } from './sniff.ts';
import { verifyCommand } from './verify.ts';
import { waiversCommand } from './waivers.ts';

/** The commands in the order of the help; the parser, its messages and the completions of shells read them here. */
export function commandModules(select: Select): readonly CommandModule[] {
  const modules: readonly unknown[] = [
    analyzeCommand(select),
    sniffCommand(select),
    verifyCommand(select),
    auditCommand(select),
    explainCommand(select),
    listCommand(select),
    configCommand(select),
    waiversCommand(select),
    daemonCommand(select),
    completionCommand(select),
  ];
  // Each has arguments of its own, which the parser hands to nobody else.
  return modules as readonly CommandModule[];
}

/** `config` of `config <what> [file]`. */
export function nameOf({ command }: CommandModule): string {
  return String(command).split(' ', 1)[0]!;
}
