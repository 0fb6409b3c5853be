#!/usr/bin/env node
import { isClosedPipe } from './failure.ts';
import { version } from './version.ts';

const [first, ...rest] = process.argv.slice(2);

process.stdout.on('error', (error) => {
  if (!isClosedPipe(error)) throw error;
});

// The version is asked for by scripts, often: it loads nothing else.
if (first === '--version' && rest.length === 0) process.stdout.write(`${version()}\n`);
else {
  const { run } = await import('./program.ts');
  await run(process.argv.slice(2));
}
