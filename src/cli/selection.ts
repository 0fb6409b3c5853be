/**
 * Hands the chosen command to the program, to be run when the command line is parsed.
 *
 * Not the parser's own asynchronous handlers: for those yargs 18 renders the whole help text on every run.
 */
export type Select = (action: () => Promise<void>) => void;
