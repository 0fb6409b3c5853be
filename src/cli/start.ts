import { ExitCode } from './exit-code.ts';
import { run } from './program.ts';

/**
 * Behind `npm start`: the daemon on its embedded default, with the options that follow (`npm start -- --listen HOST:PORT`).
 * Whoever ends it with Ctrl-C has seen what there is to see: that is 0 here, while `flinkprobe daemon` ends with 130.
 */
process.stderr.write('flinkprobe: a recorded cluster, and Flink on 127.0.0.1:8081 if there is one; Ctrl-C ends it\n');
await run(['daemon', ...process.argv.slice(2)]);
if (process.exitCode === ExitCode.interrupted) process.exitCode = ExitCode.clean;
