import { main } from './bed/command-line.ts';

process.exitCode = await main(process.argv.slice(2));
