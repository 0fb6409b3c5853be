import { createRequire } from 'node:module';

/** Counts the packets of a classic pcap with the second reader, and does nothing else. */
const require = createRequire(import.meta.url);
const parser = require('pcap-parser') as {
  parse(path: string): { on(event: string, listener: (value: unknown) => void): void };
};
let packets = 0;
const reading = parser.parse(process.argv[2]!);
reading.on('packet', () => packets++);
reading.on('end', () => process.stdout.write(`${packets}\n`));
