/** A program for a thread, which talks with whoever began it by `port`. */
export function threadProgram(text: string): URL {
  const whole = `import { parentPort as port } from 'node:worker_threads';\n${text}`;
  return new URL(`data:text/javascript,${encodeURIComponent(whole)}`);
}
