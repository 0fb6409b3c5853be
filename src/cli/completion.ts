import type { Argv, CommandModule } from 'yargs';
import type { Select } from './selection.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface CompletionArguments {
  readonly shell: Shell;
}

export const completionCommand = (select: Select): CommandModule<object, CompletionArguments> => ({
  command: 'completion <shell>',
  describe: 'Print a script that completes commands, options and their values in a shell',
  builder: (command: Argv<object>) =>
    command
      .positional('shell', { choices: SHELLS, demandOption: true })
      .example('source <($0 completion bash)', 'for this shell; in ~/.bashrc for every one')
      .example('$0 completion zsh > ~/.zfunc/_flinkprobe', 'a folder of fpath')
      .example(
        '$0 completion fish > ~/.config/fish/completions/flinkprobe.fish',
        'for every shell',
      ) as unknown as Argv<CompletionArguments>,
  handler: ({ shell }) => select(() => completion(shell)),
});

/** Made of the commands as the parser has them, and of the rules, channels and policies that there are. */
async function completion(shell: Shell): Promise<void> {
  // Loaded only here: other commands complete nothing.
  const [{ completionModel }, { completionScript }] = await Promise.all([
    import('./completion-model.ts'),
    import('./completion-scripts.ts'),
  ]);
  process.stdout.write(completionScript(shell, await completionModel()));
}
